/*
 * Filling the certificates' folder.
 *
 * New files are written under temporary names, synced, and only then linked to
 * their final ones: link(2), unlike rename(2), never overwrites. server.pem
 * comes last, as it is what makes the set usable. What an interruption leaves
 * behind, the next run finds and names.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cert.h"
#include "cert_folder.h"
#include "cert_issue.h"
#include "crypto_log.h"
#include "log.h"

/* The folder, and what this run has put there. */
struct work {
	struct hd_cert_folder folder;
	bool made;                        /* the folder itself */
	bool written[HD_CERT_FILE_COUNT]; /* under its temporary name */
	bool linked[HD_CERT_FILE_COUNT];  /* under its final one */
};

static enum hd_error
open_or_make(const char *name, struct work *work)
{
	*work = (struct work){.made = mkdir(name, 0700) == 0};
	if (!work->made && errno != EEXIST) {
		hd_error("%s: cannot make the folder: %s", name, strerror(errno));
		return HD_IO;
	}
	return hd_cert_folder_open(name, &work->folder);
}

/* list - append ", NAME" to a text; it is cut when there is no room */
static void
list(char *text, size_t size, const char *name)
{
	size_t length = strlen(text);

	(void)snprintf(text + length, size - length, "%s%s", length == 0 ? "" : ", ", name);
}

/* survey - HD_OK: none of our files is there; HD_EXISTS: all are; HD_CONFIG: some */
static enum hd_error
survey(const struct hd_cert_folder *folder)
{
	char there[128] = "", missing[128] = "";
	struct stat status;

	for (unsigned i = 0; i < HD_CERT_FILE_COUNT; i++) {
		const char *const names[] = {hd_cert_files[i].name, hd_cert_files[i].temporary};

		for (unsigned j = 0; j < 2; j++) {
			if (fstatat(folder->fd, names[j], &status, AT_SYMLINK_NOFOLLOW) == 0)
				list(there, sizeof(there), names[j]);
			else if (errno != ENOENT)
				return hd_cert_folder_failed(folder, "look at it", names[j]);
			else if (j == 0)
				list(missing, sizeof(missing), names[j]);
		}
	}
	if (missing[0] == '\0')
		return HD_EXISTS;
	if (there[0] == '\0')
		return HD_OK;
	hd_error("%s: %s there, but not %s: a run was interrupted, is under way, or files were "
		 "removed; put back what is missing, or move the rest away",
	    folder->name, there, missing);
	return HD_CONFIG;
}

static bool
put_pem(FILE *stream, enum hd_cert_file file, const struct hd_cert_set *set)
{
	switch (file) {
	case HD_CERT_FILE_CA_KEY:
		return PEM_write_PrivateKey(stream, set->ca_key, NULL, NULL, 0, NULL, NULL) == 1;
	case HD_CERT_FILE_CA:
		return PEM_write_X509(stream, set->ca) == 1;
	case HD_CERT_FILE_SERVER_KEY:
		return PEM_write_PrivateKey(stream, set->server_key, NULL, NULL, 0, NULL, NULL) ==
		       1;
	case HD_CERT_FILE_SERVER:
		return PEM_write_X509(stream, set->server) == 1 &&
		       PEM_write_X509(stream, set->ca) == 1;
	case HD_CERT_FILE_COUNT:
		break;
	}
	return false;
}

/* write_file - under its temporary name, and on disk */
static enum hd_error
write_file(struct work *work, enum hd_cert_file file, const struct hd_cert_set *set)
{
	const char *name = hd_cert_files[file].temporary;
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(work->folder.fd, name, flags, 0600);
	FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
	enum hd_error error = HD_OK;

	work->written[file] = fd >= 0;
	if (stream == NULL) {
		error = hd_cert_folder_failed(&work->folder, "create it", name);
		if (fd >= 0)
			(void)close(fd);
		return error;
	}
	/* Also against a umask that would take more than it should. */
	if (fchmod(fd, hd_cert_files[file].mode) != 0)
		error = hd_cert_folder_failed(&work->folder, "set its mode", name);
	else if (!put_pem(stream, file, set)) {
		hd_error("%s/%s: cannot write it", work->folder.name, name);
		error = hd_crypto_failed("writing PEM");
	} else if (fflush(stream) != 0 || fsync(fd) != 0)
		error = hd_cert_folder_failed(&work->folder, "write it", name);
	if (fclose(stream) != 0 && error == HD_OK)
		error = hd_cert_folder_failed(&work->folder, "close it", name);
	return error;
}

static enum hd_error
name_file(struct work *work, enum hd_cert_file file)
{
	const char *temporary = hd_cert_files[file].temporary;

	if (linkat(work->folder.fd, temporary, work->folder.fd, hd_cert_files[file].name, 0) != 0)
		return hd_cert_folder_failed(&work->folder, "create it", hd_cert_files[file].name);
	work->linked[file] = true;
	if (unlinkat(work->folder.fd, temporary, 0) != 0)
		return hd_cert_folder_failed(&work->folder, "remove it", temporary);
	work->written[file] = false;
	return HD_OK;
}

static enum hd_error
write_all(struct work *work, const struct hd_cert_set *set)
{
	enum hd_error error = HD_OK;

	for (unsigned i = 0; error == HD_OK && i < HD_CERT_FILE_COUNT; i++)
		error = write_file(work, (enum hd_cert_file)i, set);
	for (unsigned i = 0; error == HD_OK && i < HD_CERT_FILE_COUNT; i++)
		error = name_file(work, (enum hd_cert_file)i);
	if (error == HD_OK && fsync(work->folder.fd) != 0) {
		hd_error("%s: cannot sync the folder: %s", work->folder.name, strerror(errno));
		error = HD_IO;
	}
	return error;
}

/* undo - remove what this run has made; nothing more can be done where that fails */
static void
undo(const struct work *work)
{
	for (unsigned i = 0; i < HD_CERT_FILE_COUNT; i++) {
		if (work->linked[i])
			(void)unlinkat(work->folder.fd, hd_cert_files[i].name, 0);
		if (work->written[i])
			(void)unlinkat(work->folder.fd, hd_cert_files[i].temporary, 0);
	}
	if (work->made)
		(void)rmdir(work->folder.name);
}

enum hd_error
hd_cert_create(const char *dir, const char *domain, int days)
{
	struct hd_cert_set set = {NULL, NULL, NULL, NULL};
	struct work work;
	enum hd_error error;

	if (days < 1 || days > HD_CERT_DAYS_MAX) {
		hd_error("a validity of %d days: out of range (1 to %d)", days, HD_CERT_DAYS_MAX);
		return HD_INVALID;
	}
	error = open_or_make(dir, &work);
	if (error != HD_OK)
		return error;
	error = survey(&work.folder);
	if (error == HD_EXISTS) {
		error = hd_cert_folder_check(&work.folder, domain);
		error = error == HD_OK ? HD_EXISTS : error;
		goto out;
	}
	if (error == HD_OK)
		error = hd_cert_issue(domain, days, &set);
	if (error == HD_OK)
		error = write_all(&work, &set);
	if (error != HD_OK)
		undo(&work);
out:
	hd_cert_set_clear(&set);
	(void)close(work.folder.fd);
	return error;
}
