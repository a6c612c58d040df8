/* check: Postfix's parameters, against those that we generate */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "check_log.h"
#include "postfix_setting.h"
#include "setup_state.h"

/* Settings of the second part without which the evidence is gone or the mail is not taken. */
static const struct vital {
	const char *name;
	const char *why;
	bool left; /* setup leaves it as it is on a Postfix that serves others */
} vital[] = {
    {"enable_original_recipient", "the hook cannot tell for whom a message was", false},
    {"smtpd_tls_received_header", "visitors are not told which TLS they used", true},
    {"smtpd_tls_security_level", "TLS must be offered, and not demanded", false},
    {"mailbox_size_limit", "the hook may not write to a database larger than this", true},
};

static const struct vital *
find_vital(const char *name)
{
	for (size_t i = 0; i < sizeof(vital) / sizeof(vital[0]); i++) {
		if (strcmp(vital[i].name, name) == 0)
			return &vital[i];
	}
	return NULL;
}

/* serves_others - as setup found: it has set nothing but what is needed on any Postfix */
static bool
serves_others(const struct hd_postfix_settings *settings)
{
	struct hd_setup_state state = {.count = 0};
	bool others = geteuid() == 0 && hd_setup_state_load(&state) == HD_OK && state.count > 0;

	for (size_t i = 0; others && i < state.count; i++) {
		const struct hd_postfix_setting *setting =
		    hd_postfix_settings_find(settings, state.parameters[i].name);

		others = setting == NULL || setting->needed;
	}
	hd_setup_state_clear(&state);
	return others;
}

bool
hd_check_postfix_learn(struct hd_check *check)
{
	enum hd_error error;

	if (check->postfix_asked)
		return check->postfix_usable;
	check->postfix_asked = true;
	error = hd_postfix_view_load(check->postfix, &check->view);
	check->postfix_usable = error == HD_OK;
	if (error == HD_OK)
		return true;
	hd_check_list_add(&check->list, HD_CHECK_FAILURE, "postfix.read",
	    check->postfix == NULL ? "" : check->postfix, "%s",
	    error == HD_NONE ? "there is no Postfix on this host" : hd_check_log_take());
	hd_check_list_mend(
	    &check->list, error == HD_NONE ? "apt install postfix" : "postfix check");
	return false;
}

bool
hd_check_postfix_catch_all(const struct hd_check *check)
{
	const char *maps = hd_postfix_view_get(&check->view, "virtual_alias_maps", true);
	char ours[HD_PATH_SIZE + 32];

	/* What is installed decides; the configuration, where nothing is. */
	(void)snprintf(ours, sizeof(ours), "hash:%s/virtual", check->maps);
	if (hd_postfix_list_has(maps, ours, strlen(ours)))
		return true;
	(void)snprintf(ours, sizeof(ours), "regexp:%s/probes", check->maps);
	return strstr(maps, ours) == NULL && check->config.postfix_socket[0] == '\0';
}

/* shown - a value, not more of it than a line can take */
static void
shown(const char *value, char text[64])
{
	(void)snprintf(text, 64, "%.*s%s", 56, value, strlen(value) > 56 ? "..." : "");
}

/* mend - the command that gives a parameter its value, in main.cf or in master.cf */
static void
mend(struct hd_check *check, const struct hd_postfix_service *service,
    const struct hd_postfix_setting *setting, const char *value)
{
	const char *whole = setting->value;
	char *sum = NULL;

	if (service != NULL && hd_postfix_view_overrides(&check->view, service, setting->name)) {
		hd_check_list_mend(&check->list, "postconf -PX '%s/%s' && postfix reload",
		    service->name, setting->name);
		return;
	}
	if (setting->added && hd_postfix_list_add(value, setting->value, &sum) == HD_OK)
		whole = sum;
	/* A command that is cut would do harm. */
	if (strlen(whole) < HD_CHECK_TEXT_SIZE - 100)
		hd_check_list_mend(
		    &check->list, "postconf -e '%s = %s' && postfix reload", setting->name, whole);
	else
		hd_check_list_mend(&check->list,
		    "in main.cf, add to %s what \"havedane postfix main.cf\" prints; postfix "
		    "reload",
		    setting->name);
	free(sum);
}

/* check_setting - of a service, or of main.cf (NULL); whether it is as it must be */
static bool
check_setting(struct hd_check *check, const struct hd_postfix_service *service,
    const struct hd_postfix_setting *setting, bool others)
{
	const char *value = hd_postfix_view_at(&check->view, service, setting->name, false);
	const struct vital *why = find_vital(setting->name);
	const bool grave = setting->needed || (why != NULL && !(others && why->left));
	char is[64], wanted[64];

	if (hd_postfix_setting_holds(setting, value))
		return true;
	shown(value, is);
	shown(setting->value, wanted);
	hd_check_list_add(&check->list, grave ? HD_CHECK_FAILURE : HD_CHECK_WARNING,
	    "postfix.setting", setting->name, "%s%sis \"%s\", %s \"%s\"%s%s",
	    service == NULL ? "" : service->name, service == NULL ? "" : ": ", is,
	    setting->added ? "without" : "not", wanted, why == NULL ? "" : ": ",
	    why == NULL ? "" : why->why);
	mend(check, service, setting, value);
	return false;
}

/* is_moot - whether main.cf's value is of no account, as all that takes mail has its own */
static bool
is_moot(const struct hd_postfix_view *view, const char *name)
{
	bool any = false;

	if (strncmp(name, "smtpd_", strlen("smtpd_")) != 0)
		return false;
	for (size_t i = 0; i < view->count; i++) {
		const struct hd_postfix_service *service = &view->services[i];

		if (service->role != HD_POSTFIX_TAKE)
			continue;
		if (!hd_postfix_view_overrides(view, service, name))
			return false;
		any = true;
	}
	return any;
}

/* main.cf is looked at once; of services, what master.cf has of their own. */
static void
check_settings(struct hd_check *check, const struct hd_postfix_settings *settings)
{
	const struct hd_postfix_view *view = &check->view;
	const bool others = serves_others(settings);
	size_t wrong = 0, left = 0;

	for (size_t i = 0; i < settings->count; i++) {
		const struct hd_postfix_setting *setting = &settings->rows[i];

		if (others && !setting->needed && find_vital(setting->name) == NULL) {
			left++;
			continue;
		}
		if (!is_moot(view, setting->name))
			wrong += check_setting(check, NULL, setting, others) ? 0 : 1;
		for (size_t at = 0; at < view->count; at++) {
			const struct hd_postfix_service *service = &view->services[at];

			if (hd_postfix_view_overrides(view, service, setting->name))
				wrong += check_setting(check, service, setting, others) ? 0 : 1;
		}
	}
	if (wrong == 0)
		hd_check_list_add(&check->list, HD_CHECK_OK, "postfix.setting", "main.cf",
		    "all %zu parameters are as generated", settings->count - left);
	if (left > 0)
		hd_check_list_add(&check->list, HD_CHECK_OK, "postfix.left", "main.cf",
		    "%zu more are left as they are, for the others that this Postfix serves "
		    "(havedane postfix prints them)",
		    left);
}

/* Lists that make a domain another kind of ours; a probe's must be a virtual alias domain alone. */
static bool
check_domains(struct hd_check *check)
{
	static const char *const lists[] = {
	    "mydestination", "relay_domains", "virtual_mailbox_domains"};
	bool good = true;

	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		const char *value = hd_postfix_view_get(&check->view, lists[list], true);

		for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
			char host[HD_CHECK_HOST_SIZE];

			hd_check_host(check, (enum hd_probe_id)i, host);
			if (!hd_postfix_list_has(value, host, strlen(host)))
				continue;
			good = false;
			hd_check_list_add(&check->list, HD_CHECK_FAILURE, "postfix.domain",
			    lists[list], "has %s, which must be in virtual_alias_domains only",
			    host);
			hd_check_list_mend(&check->list,
			    "take %s out of %s in main.cf, then: "
			    "postfix reload",
			    host, lists[list]);
		}
	}
	return good;
}

static void
check_local(struct hd_check *check)
{
	const char *destination = hd_postfix_view_get(&check->view, "mydestination", true);
	const char *transport = hd_postfix_view_get(&check->view, "local_transport", true);
	bool good = check_domains(check);

	if (!hd_postfix_list_has(destination, "localhost", strlen("localhost"))) {
		good = false;
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "postfix.domain", "mydestination",
		    "has no localhost, where the probes' local aliases are");
		hd_check_list_mend(&check->list,
		    "postconf -e 'mydestination = %s, localhost' && postfix reload",
		    hd_postfix_view_get(&check->view, "mydestination", false));
	}
	if (strncmp(transport, "local:", strlen("local:")) != 0 &&
	    strcmp(transport, "local") != 0) {
		good = false;
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "postfix.domain",
		    "local_transport", "is \"%s\": only local(8) runs the hook", transport);
		hd_check_list_mend(&check->list, "postconf -X local_transport && postfix reload");
	}
	if (good)
		hd_check_list_add(&check->list, HD_CHECK_OK, "postfix.domain", check->config.domain,
		    "the probes are virtual alias domains alone");
}

void
hd_check_postfix(struct hd_check *check)
{
	struct hd_postfix_settings settings = {.count = 0};
	struct hd_postfix_source source;
	char *conf;
	enum hd_error error;

	if (!hd_check_postfix_learn(check))
		return;
	hd_check_space_queue(check);
	conf = realpath(check->conf, NULL);
	if (conf == NULL) {
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "postfix.setting", check->conf,
		    "%s", strerror(errno));
		return;
	}
	error = hd_postfix_source_init(&source, &check->config, conf, check->tls, check->maps);
	if (error == HD_OK) {
		source.catch_all = hd_check_postfix_catch_all(check);
		error = hd_postfix_settings_load(&source, &settings);
	}
	if (error == HD_OK)
		check_settings(check, &settings);
	else
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "postfix.setting", "main.cf",
		    "cannot tell what it should be: %s", hd_check_log_take());
	check_local(check);
	hd_postfix_settings_clear(&settings);
	free(conf);
}
