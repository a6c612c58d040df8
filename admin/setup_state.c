#include "setup_state.h"

#include <errno.h>
#include <json_object.h>
#include <json_tokener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "setup.h"

enum { STATE_VERSION = 1 };

/* The texts of a parameter, by their names in the file. */
static const struct {
	const char *name;
	size_t offset;
	bool required;
} texts[] = {
    {"name", offsetof(struct hd_setup_parameter, name), true},
    {"former", offsetof(struct hd_setup_parameter, former), false},
    {"ours", offsetof(struct hd_setup_parameter, ours), true},
    {"items", offsetof(struct hd_setup_parameter, items), false},
};

enum { TEXT_COUNT = sizeof(texts) / sizeof(texts[0]) };

static char **
text_of(struct hd_setup_parameter *parameter, unsigned i)
{
	return (char **)(void *)((char *)parameter + texts[i].offset);
}

static enum hd_error
damaged(const char *what)
{
	hd_error(
	    HD_SETUP_STATE ": %s; it is what setup has made, and needed to take that back", what);
	return HD_CONFIG;
}

static enum hd_error
no_memory(void)
{
	hd_error(HD_SETUP_STATE ": %s", hd_strerror(HD_NO_MEMORY));
	return HD_NO_MEMORY;
}

static void
clear_parameter(struct hd_setup_parameter *parameter)
{
	for (unsigned i = 0; i < TEXT_COUNT; i++)
		free(*text_of(parameter, i));
	memset(parameter, 0, sizeof(*parameter));
}

void
hd_setup_state_clear(struct hd_setup_state *state)
{
	for (size_t i = 0; i < state->count; i++)
		clear_parameter(&state->parameters[i]);
	memset(state, 0, sizeof(*state));
}

struct hd_setup_parameter *
hd_setup_state_find(struct hd_setup_state *state, const char *name)
{
	for (size_t i = 0; i < state->count; i++) {
		if (strcmp(state->parameters[i].name, name) == 0)
			return &state->parameters[i];
	}
	return NULL;
}

static enum hd_error
copy_parameter(const struct hd_setup_parameter *from, struct hd_setup_parameter *to)
{
	struct hd_setup_parameter source = *from;

	memset(to, 0, sizeof(*to));
	for (unsigned i = 0; i < TEXT_COUNT; i++) {
		const char *text = *text_of(&source, i);

		if (text != NULL && (*text_of(to, i) = strdup(text)) == NULL) {
			clear_parameter(to);
			return no_memory();
		}
	}
	return HD_OK;
}

enum hd_error
hd_setup_state_put(struct hd_setup_state *state, const struct hd_setup_parameter *parameter)
{
	struct hd_setup_parameter copy, *there = hd_setup_state_find(state, parameter->name);
	enum hd_error error;

	if (there == NULL && state->count == HD_POSTFIX_SETTINGS_MAX)
		return no_memory();
	error = copy_parameter(parameter, &copy);
	if (error != HD_OK)
		return error;
	if (there != NULL)
		clear_parameter(there);
	else
		there = &state->parameters[state->count++];
	*there = copy;
	return HD_OK;
}

/* --- reading */

static enum hd_error
read_parameter(struct json_object *json, struct hd_setup_parameter *parameter)
{
	struct json_object *value;

	memset(parameter, 0, sizeof(*parameter));
	for (unsigned i = 0; i < TEXT_COUNT; i++) {
		if (!json_object_object_get_ex(json, texts[i].name, &value) || value == NULL) {
			if (texts[i].required)
				return damaged("a parameter is incomplete");
			continue;
		}
		if (!json_object_is_type(value, json_type_string))
			return damaged("a parameter is not made of texts");
		*text_of(parameter, i) = strdup(json_object_get_string(value));
		if (*text_of(parameter, i) == NULL)
			return no_memory();
	}
	return HD_OK;
}

static enum hd_error
read_state(struct json_object *json, struct hd_setup_state *state)
{
	struct json_object *version, *pending, *list;
	enum hd_error error = HD_OK;
	size_t count;

	if (!json_object_object_get_ex(json, "version", &version) ||
	    json_object_get_int(version) != STATE_VERSION)
		return damaged("it is damaged, or of another version");
	if (!json_object_object_get_ex(json, "pending", &pending) ||
	    !json_object_object_get_ex(json, "parameters", &list) ||
	    !json_object_is_type(list, json_type_array))
		return damaged("it is damaged");
	count = json_object_array_length(list);
	if (count > HD_POSTFIX_SETTINGS_MAX)
		return damaged("it has too many parameters");
	state->pending = json_object_get_boolean(pending) != 0;
	for (size_t i = 0; error == HD_OK && i < count; i++)
		error = read_parameter(
		    json_object_array_get_idx(list, i), &state->parameters[state->count++]);
	return error;
}

/* check_owner - what it says will be put into main.cf: nobody but root may write it */
static enum hd_error
check_owner(void)
{
	struct stat status;

	if (lstat(HD_SETUP_STATE, &status) != 0) {
		if (errno == ENOENT)
			return HD_NONE;
		hd_error(HD_SETUP_STATE ": %s", strerror(errno));
		return HD_IO;
	}
	if (S_ISREG(status.st_mode) && status.st_uid == 0 && (status.st_mode & 022) == 0)
		return HD_OK;
	return damaged("others than root could have written it");
}

enum hd_error
hd_setup_state_load(struct hd_setup_state *state)
{
	struct json_object *json;
	char *bytes;
	size_t size;
	enum hd_error error;

	memset(state, 0, sizeof(*state));
	error = check_owner();
	if (error == HD_OK)
		error = hd_setup_read(HD_SETUP_STATE, &bytes, &size);
	if (error != HD_OK)
		return error;
	json = json_tokener_parse(bytes);
	free(bytes);
	error = json == NULL ? damaged("it is damaged") : read_state(json, state);
	(void)json_object_put(json);
	if (error != HD_OK)
		hd_setup_state_clear(state);
	return error;
}

/* --- writing */

/* add - value is given away; false: out of memory */
static bool
add(struct json_object *to, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(to, name, value) == 0)
		return true;
	(void)json_object_put(value);
	return false;
}

static bool
add_parameter(struct json_object *list, const struct hd_setup_parameter *parameter)
{
	struct hd_setup_parameter source = *parameter;
	struct json_object *json = json_object_new_object();
	bool added = json != NULL;

	for (unsigned i = 0; added && i < TEXT_COUNT; i++) {
		const char *text = *text_of(&source, i);

		if (text != NULL)
			added = add(json, texts[i].name, json_object_new_string(text));
	}
	if (added && json_object_array_add(list, json) == 0)
		return true;
	(void)json_object_put(json);
	return false;
}

/* make_json - NULL: out of memory */
static struct json_object *
make_json(const struct hd_setup_state *state)
{
	struct json_object *json = json_object_new_object(), *list = json_object_new_array();
	bool made = list != NULL;

	for (size_t i = 0; made && i < state->count; i++)
		made = add_parameter(list, &state->parameters[i]);
	if (!made || json == NULL) {
		(void)json_object_put(list);
		(void)json_object_put(json);
		return NULL;
	}
	made = add(json, "parameters", list);
	if (made && add(json, "version", json_object_new_int(STATE_VERSION)) &&
	    add(json, "pending", json_object_new_boolean(state->pending)))
		return json;
	(void)json_object_put(json);
	return NULL;
}

enum hd_error
hd_setup_state_save(const struct hd_setup_state *state)
{
	const struct hd_setup_owner owner = hd_setup_owner_root(0600);
	struct json_object *json = make_json(state);
	enum hd_error error = HD_NO_MEMORY;
	const char *text;

	if (json == NULL)
		return no_memory();
	text = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY);
	if (text != NULL)
		error = hd_setup_write(HD_SETUP_STATE, text, strlen(text), &owner);
	if (error == HD_NO_MEMORY)
		(void)no_memory();
	(void)json_object_put(json);
	return error;
}
