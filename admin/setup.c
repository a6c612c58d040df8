#include "setup.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "log.h"

enum { LINE_SIZE = 4096 };

struct step {
	const char *name; /* for the lines it prints */
	hd_setup_step *run;
	bool undone; /* what it changed is put back, when it or one of these after it fails */
	bool quiet;  /* it only looks: nothing is said when all is well */
};

/*
 * What stands in the way comes before anything is changed. The service comes before
 * the reload: from then on Postfix asks it about each recipient.
 */
static const struct step steps[] = {
    {"check", hd_setup_config, false, true},
    {"check", hd_setup_postfix_check, false, true},
    {"user", hd_setup_user, false, false},
    {"configuration", hd_setup_config_write, false, false},
    {"database", hd_setup_store, false, false},
    {"certificates", hd_setup_certificates, false, false},
    {"sockets", hd_setup_sockets, false, false},
    {"maps", hd_setup_maps, true, false},
    {"postfix", hd_setup_postfix, true, false},
    {"nginx", hd_setup_nginx, true, false},
    {"verify", hd_setup_verify, true, true},
    {"service", hd_setup_service, false, false},
    {"reload", hd_setup_reload, false, false},
    {NULL, NULL, false, false},
};

static const struct step remove_steps[] = {
    {"configuration", hd_setup_remove_config, false, true},
    {"queue", hd_setup_remove_queue, false, true},
    {"postfix", hd_setup_remove_postfix, true, false},
    {"nginx", hd_setup_remove_nginx, true, false},
    {"verify", hd_setup_verify, true, true},
    {"reload", hd_setup_remove_reload, false, false},
    {"service", hd_setup_remove_service, false, false},
    {"maps", hd_setup_remove_maps, false, false},
    {"sockets", hd_setup_remove_sockets, false, false},
    {"data", hd_setup_remove_data, false, false},
    {"user", hd_setup_remove_user, false, false},
    {"state", hd_setup_remove_state, false, false},
    {NULL, NULL, false, false},
};

/* --- telling */

static const struct {
	const char *done;
	const char *would; /* in a dry run */
} verbs[HD_SETUP_VERB_COUNT] = {
    [HD_SETUP_MAKE] = {"made", "would make"},
    [HD_SETUP_WRITE] = {"wrote", "would write"},
    [HD_SETUP_SET] = {"set", "would set"},
    [HD_SETUP_INDEX] = {"indexed", "would index"},
    [HD_SETUP_REMOVE] = {"removed", "would remove"},
    [HD_SETUP_ENABLE] = {"enabled", "would enable"},
    [HD_SETUP_DISABLE] = {"disabled", "would disable"},
    [HD_SETUP_START] = {"started", "would start"},
    [HD_SETUP_RELOAD] = {"reloaded", "would reload"},
};

/* Each line at once: whoever watches sees how far it got, also when it fails later. */
static void
print_line(const struct hd_setup *setup, const char *verb, const char *text)
{
	(void)fprintf(
	    setup->out, "%-14s %s%s%s\n", setup->step, verb, verb[0] == '\0' ? "" : " ", text);
	(void)fflush(setup->out);
}

void
hd_setup_changed(struct hd_setup *setup, enum hd_setup_verb verb, const char *what, ...)
{
	char text[LINE_SIZE];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	print_line(setup, setup->dry_run ? verbs[verb].would : verbs[verb].done, text);
	setup->step_changes++;
	setup->changes++;
}

void
hd_setup_note(struct hd_setup *setup, const char *what, ...)
{
	char text[LINE_SIZE];
	va_list args;

	va_start(args, what);
	(void)vsnprintf(text, sizeof(text), what, args);
	va_end(args);
	print_line(setup, "", text);
	setup->step_notes++;
}

/* --- the steps */

static enum hd_error
run_step(struct hd_setup *setup, const struct step *step)
{
	enum hd_error error;

	setup->step = step->name;
	setup->step_changes = setup->step_notes = 0;
	if (step->undone)
		hd_setup_undo_start(setup);
	else
		hd_setup_undo_stop(setup);
	error = step->run(setup);
	if (error == HD_OK && !step->quiet && setup->step_changes == 0 && setup->step_notes == 0)
		print_line(setup, "", "nothing to change");
	return error;
}

static enum hd_error
run_steps(struct hd_setup *setup, const struct step *step)
{
	enum hd_error error = hd_setup_state_load(&setup->state);

	if (error == HD_NONE)
		error = HD_OK;
	for (; error == HD_OK && step->name != NULL; step++)
		error = run_step(setup, step);
	if (error != HD_OK && setup->undo != NULL) {
		hd_error("setup: failed, so that its changes of Postfix and nginx are taken back");
		if (hd_setup_undo_all(setup) != HD_OK)
			hd_error("setup: not all could be put back; see above");
	}
	hd_setup_undo_stop(setup);
	hd_setup_state_clear(&setup->state);
	hd_postfix_settings_clear(&setup->settings);
	hd_postconf_clear(&setup->postconf);
	return error;
}

static void
print_end(const struct hd_setup *setup, bool removing)
{
	if (setup->changes == 0)
		(void)fputs("\nNothing to change.\n", setup->out);
	else
		(void)fprintf(setup->out, "\n%u change%s %s.\n", setup->changes,
		    setup->changes == 1 ? "" : "s", setup->dry_run ? "would be made" : "made");
	if (removing)
		return;
	(void)fprintf(setup->out,
	    "Next:\n"
	    "  havedane dns --ipv4 %s%s%s   prints the records to publish in a signed zone\n"
	    "  havedane check   says whether all is right, once they are published\n",
	    setup->ipv4 == NULL ? "ADDRESS" : setup->ipv4, setup->ipv6 == NULL ? "" : " --ipv6 ",
	    setup->ipv6 == NULL ? "" : setup->ipv6);
}

static enum hd_error
check_address(int family, const char *text)
{
	unsigned char address[sizeof(struct in6_addr)];

	if (text == NULL || inet_pton(family, text, address) == 1)
		return HD_OK;
	hd_error("\"%s\" is no %s address", text, family == AF_INET ? "IPv4" : "IPv6");
	return HD_INVALID;
}

/* check_path - that it can stand in nginx's site, and means the same there */
static enum hd_error
check_path(const char *path)
{
	if (path == NULL || (path[0] == '/' && strpbrk(path, " \t\r\n;{}'\"\\$#") == NULL))
		return HD_OK;
	hd_error("\"%s\" is no absolute path, or nginx would not read it as one", path);
	return HD_INVALID;
}

static enum hd_error
check_tls(const struct hd_call *call)
{
	const char *certificate = call->options[SETUP_TLS_CERTIFICATE];
	const char *key = call->options[SETUP_TLS_KEY];
	enum hd_error error = check_path(certificate);

	if (error == HD_OK)
		error = check_path(key);
	if (error == HD_OK && (certificate == NULL) != (key == NULL)) {
		hd_error("setup: --tls-certificate and --tls-key go together");
		error = HD_INVALID;
	}
	return error;
}

static enum hd_error
check_usage(const struct hd_call *call)
{
	enum hd_error error = check_address(AF_INET, call->options[SETUP_IPV4]);

	if (error == HD_OK)
		error = check_address(AF_INET6, call->options[SETUP_IPV6]);
	if (error == HD_OK)
		error = check_tls(call);
	if (error != HD_OK)
		return error;
	if (geteuid() != 0) {
		hd_error("setup: only root can do this");
		return HD_INVALID;
	}
	if (call->options[SETUP_PURGE] != NULL && call->options[SETUP_REMOVE] == NULL) {
		hd_error("setup: --purge is for --remove only");
		return HD_INVALID;
	}
	return HD_OK;
}

enum hd_error
hd_command_setup(struct hd_call *call)
{
	struct hd_setup setup = {
	    .conf = call->conf,
	    .domain = call->options[SETUP_DOMAIN],
	    .ipv4 = call->options[SETUP_IPV4],
	    .ipv6 = call->options[SETUP_IPV6],
	    .tls_certificate = call->options[SETUP_TLS_CERTIFICATE],
	    .tls_key = call->options[SETUP_TLS_KEY],
	    .catch_all = call->options[SETUP_CATCH_ALL] != NULL,
	    .limits = call->options[SETUP_LIMITS] != NULL,
	    .dry_run = call->options[SETUP_DRY_RUN] != NULL,
	    .purge = call->options[SETUP_PURGE] != NULL,
	    .out = call->out,
	};
	const bool removing = call->options[SETUP_REMOVE] != NULL;
	enum hd_error error = check_usage(call);

	if (error != HD_OK)
		return error;
	/* Whatever the shell has: Postfix's daemons must be able to read the maps. */
	(void)umask(022);
	setup.systemd = access("/run/systemd/system", F_OK) == 0;
	error = run_steps(&setup, removing ? remove_steps : steps);
	if (error == HD_OK)
		print_end(&setup, removing);
	else if (error != HD_INVALID)
		hd_error("setup: stopped; once that is mended, run it again");
	return error;
}
