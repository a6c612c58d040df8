/*
 * What Postfix still keeps for the hook. Without our aliases it would bounce
 * it, to whoever is named as the sender; so there must be none when setup is
 * taken back.
 */
#include <json_object.h>
#include <json_tokener.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "log.h"
#include "probe.h"
#include "program.h"
#include "setup.h"

#define END "end of the queue"

/*
 * One line of JSON per message; of a long queue, only those that may be ours.
 * The last line tells that it was complete.
 */
#define QUEUE                                                                                      \
	"{ postqueue -j && echo '" END "'; } | grep -i -e '\"havedane-[a-z]*@localhost' -e '^" END \
	"$'"

enum { LOCAL_SIZE = HD_PROBE_NAME_MAX + 32 };

struct count {
	unsigned messages; /* with recipients of ours, */
	unsigned mixed;    /* of which so many have others, too */
};

/* is_ours - whether an address is a local alias of ours, at whatever localhost was completed to */
static bool
is_ours(const char *address)
{
	char local[LOCAL_SIZE];

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		size_t length = (size_t)snprintf(
		    local, sizeof(local), "havedane-%s@localhost", hd_probes[i].name);

		if (strncasecmp(address, local, length) == 0 &&
		    (address[length] == '\0' || address[length] == '.'))
			return true;
	}
	return false;
}

/* look - at a message's recipients: how many are ours, and how many there are */
static void
look(struct json_object *message, size_t *ours, size_t *all)
{
	struct json_object *list, *address;

	*ours = *all = 0;
	if (!json_object_object_get_ex(message, "recipients", &list) ||
	    !json_object_is_type(list, json_type_array))
		return;
	*all = json_object_array_length(list);
	for (size_t i = 0; i < *all; i++) {
		if (json_object_object_get_ex(
			json_object_array_get_idx(list, i), "address", &address) &&
		    is_ours(json_object_get_string(address)))
			(*ours)++;
	}
}

static enum hd_error
delete_message(struct hd_setup *setup, struct json_object *message)
{
	struct json_object *json;
	const char *id;
	enum hd_error error = HD_OK;

	if (!json_object_object_get_ex(message, "queue_id", &json))
		return HD_OK;
	id = json_object_get_string(json);
	if (!setup->dry_run) {
		const char *const argv[] = {"postsuper", "-d", id, NULL};

		error = hd_setup_run(argv);
	}
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_REMOVE, "message %s from Postfix's queue", id);
	return error == HD_NONE ? HD_CONFIG : error;
}

/* each_message - of a list: counts those with recipients of ours, or deletes them */
static enum hd_error
each_message(struct hd_setup *setup, const char *lines, struct count *count, bool deleting)
{
	enum hd_error error = HD_OK;
	size_t ours, all;

	while (error == HD_OK && lines[0] == '{') {
		struct json_object *message = json_tokener_parse(lines);

		look(message, &ours, &all);
		if (ours > 0 && deleting)
			error = delete_message(setup, message);
		else if (ours > 0) {
			count->messages++;
			count->mixed += ours < all;
		}
		(void)json_object_put(message);
		lines += strcspn(lines, "\n");
		lines += lines[0] == '\n';
	}
	return error;
}

static enum hd_error
explain(const struct hd_setup *setup, const struct count *count)
{
	if (count->messages == 0 || (setup->purge && count->mixed == 0))
		return HD_OK;
	hd_error("Postfix's queue has %u message%s for the hook (havedane-PROBE@localhost in "
		 "\"postqueue -p\"), which Postfix would bounce to whoever is named as the sender",
	    count->messages, count->messages == 1 ? "" : "s");
	if (setup->purge)
		hd_error("%u of them %s for others, too, and cannot be deleted: wait until they "
			 "are delivered (postqueue -f)",
		    count->mixed, count->mixed == 1 ? "is" : "are");
	else
		hd_error("Mend what keeps the hook from taking them (\"havedane check\"), and have "
			 "them delivered: postqueue -f. Or delete them: postsuper -d QUEUE-ID for "
			 "each; --purge does that, too");
	return HD_CONFIG;
}

/* is_usable - whether there is a Postfix that can be asked; the next step says so if not */
static bool
is_usable(void)
{
	static const char *const argv[] = {"postconf", "-h", "queue_directory", NULL};

	return hd_setup_ask(argv) == 0;
}

enum hd_error
hd_setup_remove_queue(struct hd_setup *setup)
{
	static const char *const argv[] = {"sh", "-c", QUEUE, NULL};
	const struct hd_program program = {.argv = argv, .timeout = HD_PROGRAM_TIMEOUT};
	struct hd_program_result result;
	struct count count = {.messages = 0};
	enum hd_error error;

	if (!is_usable())
		return HD_OK;
	error = hd_program_run(&program, &result);
	if (error != HD_OK) {
		hd_error("cannot look through Postfix's queue for messages to the hook");
		return HD_IO;
	}
	if (strstr(result.output, END "\n") == NULL) {
		hd_program_log(&program, &result);
		hd_error("postqueue -j failed: whether Postfix's queue has messages for the hook, "
			 "which it would bounce, is not known. Start Postfix, and look at its log");
		error = HD_CONFIG;
	}
	if (error == HD_OK)
		error = each_message(setup, result.output, &count, false);
	if (error == HD_OK)
		error = explain(setup, &count);
	if (error == HD_OK)
		error = each_message(setup, result.output, &count, true);
	hd_program_result_clear(&result);
	return error;
}
