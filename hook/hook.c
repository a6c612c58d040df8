#include "hook.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "address.h"
#include "clock.h"
#include "log.h"
#include "received.h"
#include "store.h"

enum {
	DEADLINE = 60,         /* seconds; well below Postfix's command_time_limit of 1000 */
	STORE_WAIT = 30 * 1000 /* milliseconds for the store's lock; inside the deadline */
};

/* read_head - the first bytes of the message; -1 (logged) when they cannot be read */
static ssize_t
read_head(int input, char *head, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(input, head + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			hd_error("cannot read the message: %s", strerror(errno));
			return -1;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

/* Postfix's own Received line is exact; its CLIENT_HELO has odd characters replaced. */
static void
add_client(const struct hd_envelope *envelope, struct hd_evidence *evidence)
{
	const char *helo = envelope->client_helo;

	hd_client_address_parse(envelope->client_address, evidence->client_address);
	if (evidence->client_helo[0] == '\0' && helo != NULL)
		hd_printable(
		    evidence->client_helo, sizeof(evidence->client_helo), helo, strlen(helo));
}

static enum hd_error
record(const struct hd_config *config, const char *alias, enum hd_probe_id probe,
    const struct hd_evidence *evidence)
{
	const struct hd_store_options options = {
	    .backend = config->backend,
	    .path = config->store_path,
	    .access = HD_STORE_USE,
	    .durable = true,
	    .wait = STORE_WAIT,
	};
	const int64_t now = hd_time_now();
	struct hd_store *store;
	enum hd_error error = hd_store_open(&options, &store);

	if (error != HD_OK)
		return error;
	error =
	    hd_store_delivery_record(store, alias, now - config->retention, probe, now, evidence);
	hd_store_close(store);
	return error;
}

/* recipient - the address as the sender wrote it; RECIPIENT is what rewriting made of it */
static const char *
recipient(const struct hd_envelope *envelope)
{
	if (envelope->original_recipient != NULL && envelope->original_recipient[0] != '\0')
		return envelope->original_recipient;
	if (envelope->recipient != NULL && envelope->recipient[0] != '\0')
		return envelope->recipient;
	return NULL;
}

/* log_outcome - one line, with what Postfix calls the message and no more of the alias than it takes */
static void
log_outcome(enum hd_error error, const char *queue_id, const char *alias, enum hd_probe_id probe)
{
	const char *name = hd_probes[probe].name;

	if (error == HD_OK)
		hd_info("recorded: alias=%.*s... probe=%s queue_id=%s", HD_ALIAS_LOGGED, alias,
		    name, queue_id);
	else if (error == HD_NONE)
		hd_info("dropped: alias=%.*s... probe=%s queue_id=%s: unknown or expired",
		    HD_ALIAS_LOGGED, alias, name, queue_id);
	else
		hd_error("deferred: alias=%.*s... probe=%s queue_id=%s: %s", HD_ALIAS_LOGGED, alias,
		    name, queue_id, hd_strerror(error));
}

int
hd_hook_run(const struct hd_config *config, const struct hd_envelope *envelope, int input)
{
	struct hd_evidence evidence = {.transport = HD_TRANSPORT_UNKNOWN};
	const char *address = recipient(envelope);
	char alias[HD_ALIAS_SIZE], queue_id[HD_QUEUE_ID_SIZE], head[HD_HEADER_MAX];
	enum hd_probe_id probe;
	enum hd_error error;
	ssize_t length;

	if (address == NULL) {
		hd_error("neither ORIGINAL_RECIPIENT nor RECIPIENT is set: not run by local(8)?");
		return EX_TEMPFAIL;
	}
	if (!hd_address_parse(address, config->domain, alias, &probe)) {
		/* Not the address itself: it may have an alias, misspelt, in it. */
		hd_warning("dropped: the recipient is not ALIAS@PROBE.%s", config->domain);
		return EX_OK;
	}
	length = read_head(input, head, sizeof(head));
	if (length < 0)
		return EX_TEMPFAIL;
	hd_received_parse(head, (size_t)length, &evidence, queue_id);
	add_client(envelope, &evidence);

	error = record(config, alias, probe, &evidence);
	log_outcome(error, queue_id[0] == '\0' ? "unknown" : queue_id, alias, probe);
	return error == HD_OK || error == HD_NONE ? EX_OK : EX_TEMPFAIL;
}

static void
on_deadline(int number)
{
	(void)number;
	/* Whether the commit was reached is not known: a repeat does no harm. */
	_exit(EX_TEMPFAIL);
}

static bool
set_signals(void)
{
	struct sigaction deadline = {.sa_handler = on_deadline};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	/*
	 * Postfix limits the size of files to mailbox_size_limit, the database's
	 * included: let writing fail, so that we can say so.
	 */
	if (sigemptyset(&deadline.sa_mask) != 0 || sigaction(SIGALRM, &deadline, NULL) != 0 ||
	    sigemptyset(&ignore.sa_mask) != 0 || sigaction(SIGXFSZ, &ignore, NULL) != 0) {
		hd_error("cannot set up signals: %s", strerror(errno));
		return false;
	}
	(void)alarm(DEADLINE);
	return true;
}

/* configuration_file - from -c; NULL (logged) when the arguments are wrong */
static const char *
configuration_file(int argc, char *const argv[])
{
	const char *file = HD_SYSCONFDIR "/havedane/havedane.conf";
	int option;

	opterr = 0; /* getopt(3) would write to stderr, which goes into a bounce */
	while ((option = getopt(argc, argv, "c:")) != -1) {
		if (option != 'c') {
			hd_error("usage: havedane-hook [-c CONF]");
			return NULL;
		}
		file = optarg;
	}
	if (optind != argc) {
		hd_error("usage: havedane-hook [-c CONF]");
		return NULL;
	}
	return file;
}

int
hd_hook_main(int argc, char *const argv[])
{
	const struct hd_envelope envelope = {
	    .original_recipient = getenv("ORIGINAL_RECIPIENT"),
	    .recipient = getenv("RECIPIENT"),
	    .client_address = getenv("CLIENT_ADDRESS"),
	    .client_helo = getenv("CLIENT_HELO"),
	};
	struct hd_config config;
	const char *file;

	hd_log_to_syslog("havedane-hook");
	file = configuration_file(argc, argv);
	if (file == NULL || !set_signals() || hd_config_load(file, &config) != HD_OK)
		return EX_TEMPFAIL;
	if (geteuid() == 0)
		hd_warning("running as root; the alias file should belong to havedane");
	return hd_hook_run(&config, &envelope, STDIN_FILENO);
}
