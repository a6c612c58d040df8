/* check: key and certificates */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cert_folder.h"
#include "check.h"
#include "check_log.h"
#include "clock.h"

enum { DAY = 24 * 60 * 60 * 1000, SOON = 30 /* days */ };

static const char renew[] = "move the folder away, \"havedane cert\", publish what \"havedane "
			    "dns\" prints, then: postfix reload";

enum hd_error
hd_check_cert_learn(struct hd_check *check)
{
	enum hd_error error = HD_OK;

	if (!check->cert_known)
		error = hd_cert_facts(check->tls, check->config.domain, &check->cert);
	check->cert_known = error == HD_OK;
	return error;
}

static void
check_validity(struct hd_check *check)
{
	const int64_t now = hd_time_now();
	const int64_t left = check->cert.not_after - now;
	struct hd_check_list *list = &check->list;
	char from[HD_TIME_SIZE], until[HD_TIME_SIZE];

	hd_time_format(check->cert.not_before, from);
	hd_time_format(check->cert.not_after, until);
	if (left <= 0)
		hd_check_list_add(list, HD_CHECK_FAILURE, "cert.validity", check->tls,
		    "the certificate has expired, on %.10s", until);
	else if (check->cert.not_before > now)
		hd_check_list_add(list, HD_CHECK_FAILURE, "cert.validity", check->tls,
		    "the certificate is not valid before %s; is the clock right?", from);
	else if (left / DAY < SOON)
		hd_check_list_add(list, HD_CHECK_WARNING, "cert.validity", check->tls,
		    "the certificate expires in %d days, on %.10s", (int)(left / DAY), until);
	else {
		hd_check_list_add(
		    list, HD_CHECK_OK, "cert.validity", check->tls, "until %.10s", until);
		return;
	}
	hd_check_list_mend(list, "%s", renew);
}

static void
check_names(struct hd_check *check)
{
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char host[HD_CHECK_HOST_SIZE];

		if (check->cert.for_probe[i])
			continue;
		hd_check_host(check, (enum hd_probe_id)i, host);
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "cert.names", check->tls,
		    "the certificate is not for %s; has the domain changed?", host);
		hd_check_list_mend(&check->list, "%s", renew);
		return;
	}
	hd_check_list_add(
	    &check->list, HD_CHECK_OK, "cert.names", check->tls, "for every probe's host name");
}

/* Who has the server's key can pass for us; who has the CA's, can for good. */
static void
check_key_mode(struct hd_check *check, enum hd_cert_file file)
{
	char path[HD_PATH_SIZE + 16];
	struct stat status;

	(void)snprintf(path, sizeof(path), "%s/%s", check->tls, hd_cert_files[file].name);
	if (stat(path, &status) != 0) {
		hd_check_list_add(
		    &check->list, HD_CHECK_UNKNOWN, "cert.mode", path, "%s", strerror(errno));
		return;
	}
	if ((status.st_mode & 077) != 0) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "cert.mode", path,
		    "mode %04o: others than its owner may use the key",
		    (unsigned)(status.st_mode & 07777));
		hd_check_list_mend(&check->list, "chmod 0600 %s", path);
	} else if (status.st_uid != 0) {
		hd_check_list_add(&check->list, HD_CHECK_WARNING, "cert.mode", path,
		    "does not belong to root, who alone needs it");
		hd_check_list_mend(&check->list, "chown root:root %s", path);
	} else
		hd_check_list_add(&check->list, HD_CHECK_OK, "cert.mode", path,
		    "root's alone, mode %04o", (unsigned)(status.st_mode & 07777));
}

void
hd_check_cert(struct hd_check *check)
{
	enum hd_error error = hd_check_cert_learn(check);
	const char *cause = hd_check_log_take();

	if (error == HD_IO && geteuid() != 0) {
		hd_check_list_add(
		    &check->list, HD_CHECK_UNKNOWN, "cert.set", check->tls, "%s", cause);
		return;
	}
	if (error != HD_OK) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "cert.set", check->tls, "%s",
		    cause[0] == '\0' ? hd_strerror(error) : cause);
		hd_check_list_mend(&check->list,
		    "havedane cert --dir %s (as root; it overwrites "
		    "nothing, so move a damaged set away)",
		    check->tls);
		return;
	}
	hd_check_list_add(&check->list, HD_CHECK_OK, "cert.set", check->tls,
	    "key, certificate and CA belong together");
	check_validity(check);
	check_names(check);
	check_key_mode(check, HD_CERT_FILE_SERVER_KEY);
	check_key_mode(check, HD_CERT_FILE_CA_KEY);
}
