/* Database, keys and certificates, and the folder of the sockets. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cert.h"
#include "command.h"
#include "setup.h"

#define RUN_DIR HD_RUNSTATEDIR "/havedane"

enum hd_error
hd_setup_store(struct hd_setup *setup)
{
	const struct hd_setup_owner owner = hd_setup_owner_ours(setup, 0700);
	const char *path = setup->config.store_path;
	struct hd_call call = {.conf = setup->conf, .config = setup->config};
	struct hd_store *store;
	struct stat status;
	char folder[HD_PATH_SIZE];
	bool made = stat(path, &status) != 0 || status.st_size == 0;
	enum hd_error error = HD_OK;

	if (setup->config.backend == HD_BACKEND_SQLITE) {
		(void)snprintf(
		    folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
		/* A folder that is there is somebody's choice, unless it is where we put it. */
		if (stat(folder, &status) != 0 ||
		    strcmp(folder, HD_LOCALSTATEDIR "/lib/havedane") == 0)
			error = hd_setup_folder(setup, folder, &owner);
	}
	if (error == HD_OK && !setup->dry_run)
		error = hd_command_open(&call, HD_STORE_CREATE, &store);
	if (error != HD_OK)
		return error;
	if (!setup->dry_run)
		hd_store_close(store);
	if (made && setup->config.backend == HD_BACKEND_SQLITE)
		hd_setup_changed(setup, HD_SETUP_MAKE, "the database %s", path);
	return HD_OK;
}

enum hd_error
hd_setup_certificates(struct hd_setup *setup)
{
	static const char *const files[] = {
	    HD_CERT_CA_KEY, HD_CERT_CA, HD_CERT_SERVER_KEY, HD_CERT_SERVER};
	const char *dir = HD_POSTFIX_TLS;
	struct hd_cert_digests digests;
	unsigned there = 0;
	enum hd_error error = HD_OK;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[PATH_MAX];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		there += access(path, F_OK) == 0;
	}
	if (!setup->dry_run)
		error = hd_cert_create(dir, setup->config.domain, HD_CERT_DAYS);
	else if (there > 0)
		error = hd_cert_load(dir, setup->config.domain, &digests);
	if (error == HD_EXISTS)
		error = HD_OK;
	if (error == HD_OK && there == 0)
		hd_setup_changed(setup, HD_SETUP_MAKE,
		    "a CA and a certificate of it, with their keys, in %s", dir);
	return error;
}

enum hd_error
hd_setup_sockets(struct hd_setup *setup)
{
	const struct hd_setup_owner owner = hd_setup_owner_ours(setup, 0755);

	return hd_setup_folder(setup, RUN_DIR, &owner);
}

/* --- and away with them */

enum hd_error
hd_setup_remove_sockets(struct hd_setup *setup)
{
	return hd_setup_delete_folder(setup, RUN_DIR);
}

static enum hd_error
remove_files(struct hd_setup *setup, const char *folder, const char *const *files)
{
	enum hd_error error = HD_OK;
	char path[PATH_MAX];

	for (; error == HD_OK && *files != NULL; files++) {
		(void)snprintf(path, sizeof(path), "%s%s", folder, *files);
		error = hd_setup_delete(setup, path);
	}
	return error;
}

enum hd_error
hd_setup_remove_data(struct hd_setup *setup)
{
	static const char *const keys[] = {
	    "/" HD_CERT_CA_KEY, "/" HD_CERT_CA, "/" HD_CERT_SERVER_KEY, "/" HD_CERT_SERVER, NULL};
	static const char *const database[] = {"", "-wal", "-shm", NULL};
	enum hd_error error;

	if (!setup->purge) {
		hd_setup_note(
		    setup, "configuration, keys, database and user stay; --purge removes them");
		return HD_OK;
	}
	error = remove_files(setup, setup->config.store_path, database);
	if (error == HD_OK)
		error = hd_setup_delete_folder(setup, HD_LOCALSTATEDIR "/lib/havedane");
	if (error == HD_OK)
		error = remove_files(setup, HD_POSTFIX_TLS, keys);
	if (error == HD_OK)
		error = hd_setup_delete_folder(setup, HD_POSTFIX_TLS);
	return error == HD_OK ? hd_setup_delete(setup, setup->conf) : error;
}
