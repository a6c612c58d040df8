/* check: maps that rewrite addresses, or lead mail elsewhere, before the hook has it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alias_random.h"
#include "check.h"
#include "check_log.h"

enum {
	PER_PROBE = 4,
	KEYS_MAX = HD_PROBE_COUNT * PER_PROBE + 3,
	KEY_SIZE = HD_ALIAS_SIZE + 1 + HD_CHECK_HOST_SIZE
};

static const struct {
	const char *name;
	const char *why;
} maps[] = {
    {"canonical_maps", "addresses are rewritten before the service is asked for them"},
    {"recipient_canonical_maps", "addresses are rewritten before the service is asked for them"},
    {"transport_maps", "mail may be led elsewhere than to local(8), which runs the hook"},
};

struct keys {
	char text[KEYS_MAX][KEY_SIZE];
	size_t count;
};

/* concerns - smtpd(8) and cleanup(8) use them; what is in main.cf is told of smtpd */
static bool
concerns(const struct hd_check *check, const struct hd_postfix_service *service, const char *name)
{
	if (service->role == HD_POSTFIX_CLEAN)
		return hd_postfix_view_overrides(&check->view, service, name);
	return service->role == HD_POSTFIX_TAKE &&
	       !hd_postfix_view_repeats(&check->view, service, name);
}

/* make_keys - what such a map may have of ours, from the address to what holds for all */
static void
make_keys(const struct hd_check *check, struct keys *keys)
{
	static const char *const all[] = {"localhost", "@localhost", "*"};
	char alias[HD_ALIAS_SIZE];

	keys->count = 0;
	if (hd_alias_random(alias) != HD_OK)
		return;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char(*text)[KEY_SIZE] = &keys->text[keys->count];
		char host[HD_CHECK_HOST_SIZE];

		hd_check_host(check, (enum hd_probe_id)i, host);
		(void)snprintf(text[0], KEY_SIZE, "%s@%s", alias, host);
		(void)snprintf(text[1], KEY_SIZE, "@%s", host);
		(void)snprintf(text[2], KEY_SIZE, "%s", host);
		(void)snprintf(text[3], KEY_SIZE, "havedane-%s@localhost", hd_probes[i].name);
		keys->count += PER_PROBE;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		(void)snprintf(keys->text[keys->count++], KEY_SIZE, "%s", all[i]);
}

/* match - the first key that a list of maps has something for; NULL: none */
static const char *
match(struct hd_check *check, const struct keys *keys, const char *list, char **value)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (hd_postfix_map_query(&check->view, "postmap", keys->text[i], list, value) ==
		    HD_OK)
			return keys->text[i];
		(void)hd_check_log_take();
	}
	return NULL;
}

bool
hd_check_rewrite(struct hd_check *check, const struct hd_postfix_service *service)
{
	bool fair = true;
	struct keys keys;

	make_keys(check, &keys);
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		const char *name = maps[i].name, *key = NULL;
		const char *list = hd_postfix_view_at(&check->view, service, name, true);
		char *value = NULL;

		if (list[0] == '\0' || !concerns(check, service, name))
			continue;
		fair = false;
		/* Through proxymap(8) only root may ask. */
		if (geteuid() == 0)
			key = match(check, &keys, list, &value);
		hd_check_list_add(&check->list, key == NULL ? HD_CHECK_WARNING : HD_CHECK_FAILURE,
		    "fair.rewrite", name, "%s: is \"%.80s\"%s%s%s%.80s: %s", service->name, list,
		    key == NULL ? "" : ", and has for ", key == NULL ? "" : key,
		    key == NULL ? "" : " ", key == NULL ? "" : value, maps[i].why);
		hd_check_list_mend(&check->list,
		    "take what concerns the probes and localhost out of it (see: postconf -x %s); "
		    "then: postfix reload",
		    name);
		free(value);
	}
	return fair;
}
