/* "havedane check": the table of groups, and what they find, printed. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "check_log.h"
#include "command.h"
#include "http.h"
#include "log.h"

static const struct group {
	const char *name; /* its points' ids begin with this and a full stop */
	void (*run)(struct hd_check *check);
} groups[] = {
    {"store", hd_check_store},
    {"cert", hd_check_cert},
    {"dns", hd_check_dns},
    {"tlsa", hd_check_tlsa},
    {"smtp", hd_check_smtp},
    {"rcpt", hd_check_rcpt},
    {"postfix", hd_check_postfix},
    {"maps", hd_check_maps},
    {"hook", hd_check_hook},
    {"alias", hd_check_alias},
    {"fair", hd_check_fair},
    {"web", hd_check_web},
};

enum { GROUP_COUNT = sizeof(groups) / sizeof(groups[0]) };

static bool
is_wanted(const struct hd_call *call, const char *name)
{
	for (int i = 0; i < call->operand_count; i++) {
		if (strcmp(call->operands[i], name) == 0)
			return true;
	}
	return call->operand_count == 0;
}

static enum hd_error
check_names(const struct hd_call *call)
{
	for (int i = 0; i < call->operand_count; i++) {
		size_t row = 0;

		while (row < GROUP_COUNT && strcmp(groups[row].name, call->operands[i]) != 0)
			row++;
		if (row == GROUP_COUNT) {
			hd_error("check: there is no group \"%s\"", call->operands[i]);
			return HD_INVALID;
		}
	}
	return HD_OK;
}

/* Without a configuration nothing else can be judged. */
static bool
load_configuration(struct hd_check *check)
{
	if (hd_config_load(check->conf, &check->config) == HD_OK) {
		hd_check_list_add(
		    &check->list, HD_CHECK_OK, "config.load", check->conf, "is sound");
		return true;
	}
	hd_check_list_add(
	    &check->list, HD_CHECK_FAILURE, "config.load", check->conf, "%s", hd_check_log_take());
	hd_check_list_mend(
	    &check->list, "correct that line, or see havedane.conf(5); then check again");
	return false;
}

static void
run_groups(const struct hd_call *call, struct hd_check *check)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;

	/* TLS writes to sockets that the other side may have closed. */
	(void)sigaction(SIGPIPE, &ignore, &before);
	hd_check_log_start();
	if (load_configuration(check)) {
		if (geteuid() != 0) {
			hd_check_list_add(&check->list, HD_CHECK_WARNING, "config.user", "",
			    "not run as root: much cannot be looked at");
			hd_check_list_mend(&check->list, "run \"havedane check\" as root");
		}
		for (size_t i = 0; i < GROUP_COUNT; i++) {
			if (is_wanted(call, groups[i].name))
				groups[i].run(check);
			(void)hd_check_log_take();
		}
	}
	hd_check_log_stop();
	(void)sigaction(SIGPIPE, &before, NULL);
}

static enum hd_error
print(struct hd_call *call, const struct hd_check_list *list)
{
	enum hd_error error = list->no_memory ? HD_NO_MEMORY : HD_OK;

	if (error == HD_OK && call->options[CHECK_JSON] != NULL)
		error = hd_check_list_json(list, call->out);
	else if (error == HD_OK)
		hd_check_list_text(list, call->out);
	if (error != HD_OK)
		hd_error("check: %s", hd_strerror(error));
	if (hd_check_list_count(list, HD_CHECK_FAILURE) > 0)
		call->failed = true;
	return error;
}

enum hd_error
hd_command_check(struct hd_call *call)
{
	char server[HD_RESOLVER_SERVER_SIZE] = "";
	struct hd_check *check;
	enum hd_error error = check_names(call);

	if (error == HD_OK && call->options[CHECK_RESOLVER] != NULL)
		error = hd_resolver_server(call->options[CHECK_RESOLVER], server);
	if (error == HD_OK && !hd_http_server_is_valid(call->options[CHECK_WEB])) {
		hd_error(
		    "--web %s: must be an IP address, or one with :PORT", call->options[CHECK_WEB]);
		error = HD_INVALID;
	}
	if (error != HD_OK)
		return error;
	check = calloc(1, sizeof(*check));
	if (check == NULL) {
		hd_error("check: %s", hd_strerror(HD_NO_MEMORY));
		return HD_NO_MEMORY;
	}
	check->conf = call->conf;
	check->tls = call->options[CHECK_TLS];
	check->maps = call->options[CHECK_MAPS];
	check->postfix = call->options[CHECK_POSTFIX];
	check->web = call->options[CHECK_WEB];
	check->resolver.server = server;
	check->resolver.anchor = call->options[CHECK_ANCHOR];
	run_groups(call, check);
	error = print(call, &check->list);
	hd_postfix_view_clear(&check->view);
	hd_check_list_clear(&check->list);
	free(check);
	return error;
}
