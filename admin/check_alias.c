/* check: whether the service answers Postfix, which asks it at RCPT (socketmap_table(5)) */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alias_random.h"
#include "check.h"
#include "check_log.h"
#include "wire.h"

enum { TIMEOUT = 5 * 1000, ANSWER_SIZE = 512 };

/* payload - what is in a whole netstring; NULL: it is none, or not whole yet */
static const char *
payload(char *text, size_t length)
{
	char *end = NULL;
	unsigned long size;

	text[length] = '\0';
	if (isdigit((unsigned char)text[0]) == 0)
		return NULL;
	size = strtoul(text, &end, 10);
	if (*end != ':' || size >= ANSWER_SIZE || length != (size_t)(end - text) + 1 + size + 1 ||
	    text[length - 1] != ',')
		return NULL;
	text[length - 1] = '\0';
	return end + 1;
}

/* ask - look a key up; the answer's words, or NULL and the reason */
static const char *
ask(const char *path, const char *key, char answer[ANSWER_SIZE], const char **reason)
{
	static struct hd_wire wire; /* its reason outlives the call */
	enum hd_wire_result result = hd_wire_open_unix(&wire, path, TIMEOUT);
	char request[ANSWER_SIZE];
	const char *words = NULL;
	size_t length = 0, some;
	int size;

	*reason = wire.reason;
	size = snprintf(
	    request, sizeof(request), "%zu:alias %s,", strlen("alias ") + strlen(key), key);
	if (result == HD_WIRE_OK)
		result = hd_wire_write(&wire, request, (size_t)size);
	while (result == HD_WIRE_OK && words == NULL && length + 1 < ANSWER_SIZE) {
		result = hd_wire_read(&wire, answer + length, ANSWER_SIZE - 1 - length, &some);
		if (result == HD_WIRE_OK) {
			length += some;
			words = payload(answer, length);
		}
	}
	if (result == HD_WIRE_OK && words == NULL)
		*reason = "what it answers is no netstring";
	hd_wire_close(&wire);
	return words;
}

/* socket_path - from main.cf, which is what Postfix uses; else from the configuration */
static bool
socket_path(struct hd_check *check, char path[HD_PATH_SIZE])
{
	static const char mark[] = "socketmap:unix:";
	const char *maps = "", *start, *end;

	if (check->postfix_usable)
		maps = hd_postfix_view_get(&check->view, "virtual_alias_maps", true);
	start = strstr(maps, mark);
	if (start != NULL) {
		start += strlen(mark);
		end = strstr(start, ":alias");
		if (end != NULL && end - start < HD_PATH_SIZE) {
			memcpy(path, start, (size_t)(end - start));
			path[end - start] = '\0';
			return true;
		}
	}
	(void)snprintf(path, HD_PATH_SIZE, "%s", check->config.postfix_socket);
	return path[0] != '\0' && (!check->postfix_usable || !hd_check_postfix_catch_all(check));
}

void
hd_check_alias(struct hd_check *check)
{
	char path[HD_PATH_SIZE], answer[ANSWER_SIZE];
	char alias[HD_ALIAS_SIZE], key[HD_ALIAS_SIZE + 1 + HD_CHECK_HOST_SIZE];
	const char *words, *reason = "";

	/* Without a Postfix to read, the configuration alone says whether it is in use. */
	(void)hd_check_postfix_learn(check);
	if (!socket_path(check, path)) {
		/* No look-ups, no offers: a refusal is told by what does not arrive, alone. */
		hd_check_list_add(&check->list, HD_CHECK_WARNING, "alias.lookup",
		    check->config.domain,
		    "not in use (catch-all): mail for any alias is taken, and dropped by the hook "
		    "if there is no such test. How far a sender got that does not deliver cannot "
		    "be told: if only mail for \"%s\" does not get to the hook, whoever does not "
		    "verify DANE looks as if it did",
		    hd_probes[HD_PROBE_WRONG].name);
		hd_check_list_mend(&check->list,
		    "give [postfix] socket in %s, then: havedane setup (without --catch-all)",
		    check->conf);
		return;
	}
	/* Postfix asks as its own user, who is in the group of that name. */
	hd_check_socket(check, "alias.socket", path,
	    check->config.postfix_group[0] == '\0' ? HD_POSTFIX_GROUP
						   : check->config.postfix_group);
	if (hd_alias_random(alias) != HD_OK)
		return;
	if (access(path, W_OK) != 0 && errno == EACCES) {
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "alias.lookup", path,
		    "only root and Postfix may ask");
		return;
	}
	/* Of a probe that expects delivery: a look-up there is no evidence. */
	(void)snprintf(
	    key, sizeof(key), "%s@%s.%s", alias, hd_probes[HD_PROBE_DO].name, check->config.domain);
	words = ask(path, key, answer, &reason);
	if (words != NULL && strncmp(words, "NOTFOUND", strlen("NOTFOUND")) == 0) {
		hd_check_list_add(&check->list, HD_CHECK_OK, "alias.lookup", path,
		    "answers; an unknown alias is not found");
		return;
	}
	hd_check_list_add(&check->list, HD_CHECK_FAILURE, "alias.lookup", path,
	    "%s: senders get 451", words == NULL ? reason : words);
	hd_check_list_mend(&check->list, "%s",
	    words == NULL ? "systemctl restart havedane-alias.socket havedane-fcgi"
			  : "see the service's log: journalctl -u havedane-fcgi");
}
