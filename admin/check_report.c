#include "check_report.h"

#include <json_object.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "received.h"

enum { GROWTH = 64 }; /* points */

static const struct {
	const char *name;
	const char *one; /* for the summary */
	const char *many;
} statuses[HD_CHECK_STATUS_COUNT] = {
    [HD_CHECK_OK] = {"ok", "ok", "ok"},
    [HD_CHECK_WARNING] = {"warning", "warning", "warnings"},
    [HD_CHECK_FAILURE] = {"failure", "failure", "failures"},
    [HD_CHECK_UNKNOWN] = {"unknown", "unknown", "unknown"},
};

/* print - a message into a field, safe for a terminal */
__attribute__((format(printf, 2, 0))) static void
print(char field[HD_CHECK_TEXT_SIZE], const char *format, va_list args)
{
	char text[HD_CHECK_TEXT_SIZE];

	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	hd_printable(field, HD_CHECK_TEXT_SIZE, text, strlen(text));
}

static bool
grow(struct hd_check_list *list)
{
	struct hd_check_point *more;

	if (list->count % GROWTH != 0)
		return true;
	more = realloc(list->points, (list->count + GROWTH) * sizeof(*more));
	if (more == NULL) {
		list->no_memory = true;
		return false;
	}
	list->points = more;
	return true;
}

void
hd_check_list_add(struct hd_check_list *list, enum hd_check_status status, const char *id,
    const char *subject, const char *format, ...)
{
	struct hd_check_point *point;
	va_list args;

	if (list->no_memory || !grow(list))
		return;
	point = &list->points[list->count++];
	*point = (struct hd_check_point){.id = id, .status = status};
	hd_printable(point->subject, sizeof(point->subject), subject, strlen(subject));
	va_start(args, format);
	print(point->message, format, args);
	va_end(args);
}

void
hd_check_list_mend(struct hd_check_list *list, const char *format, ...)
{
	va_list args;

	if (list->no_memory || list->count == 0)
		return;
	va_start(args, format);
	print(list->points[list->count - 1].mend, format, args);
	va_end(args);
}

size_t
hd_check_list_count(const struct hd_check_list *list, enum hd_check_status status)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->points[i].status == status ? 1 : 0;
	return count;
}

static void
print_summary(const struct hd_check_list *list, FILE *out)
{
	for (int i = 0; i < HD_CHECK_STATUS_COUNT; i++) {
		const size_t count = hd_check_list_count(list, (enum hd_check_status)i);

		if (i == HD_CHECK_UNKNOWN && count == 0)
			break;
		(void)fprintf(out, "%s%zu %s", i == 0 ? "" : ", ", count,
		    count == 1 ? statuses[i].one : statuses[i].many);
	}
	(void)fputc('\n', out);
}

void
hd_check_list_text(const struct hd_check_list *list, FILE *out)
{
	size_t width = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (strlen(list->points[i].id) > width)
			width = strlen(list->points[i].id);
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct hd_check_point *point = &list->points[i];

		(void)fprintf(out, "%-8s %-*s  %s%s%s", statuses[point->status].name, (int)width,
		    point->id, point->subject, point->subject[0] == '\0' ? "" : ": ",
		    point->message);
		if (point->mend[0] != '\0')
			(void)fprintf(out, "; mend: %s", point->mend);
		(void)fputc('\n', out);
	}
	print_summary(list, out);
}

/* put - a member; takes the value, also when it does not succeed */
static bool
put(struct json_object *object, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, name, value) == 0)
		return true;
	(void)json_object_put(value);
	return false;
}

/* put_text - a text, null if it is empty */
static bool
put_text(struct json_object *object, const char *name, const char *text)
{
	if (text[0] == '\0')
		return json_object_object_add(object, name, NULL) == 0;
	return put(object, name, json_object_new_string(text));
}

static struct json_object *
make_point(const struct hd_check_point *point)
{
	struct json_object *json = json_object_new_object();

	if (json != NULL && put_text(json, "id", point->id) &&
	    put_text(json, "subject", point->subject) &&
	    put_text(json, "status", statuses[point->status].name) &&
	    put_text(json, "message", point->message) && put_text(json, "mend", point->mend))
		return json;
	(void)json_object_put(json);
	return NULL;
}

static struct json_object *
make_points(const struct hd_check_list *list)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; array != NULL && i < list->count; i++) {
		struct json_object *point = make_point(&list->points[i]);

		if (point == NULL || json_object_array_add(array, point) != 0) {
			(void)json_object_put(point);
			(void)json_object_put(array);
			return NULL;
		}
	}
	return array;
}

enum hd_error
hd_check_list_json(const struct hd_check_list *list, FILE *out)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *json = json_object_new_object();
	const char *text = NULL;
	bool complete = json != NULL;

	for (int i = 0; complete && i < HD_CHECK_STATUS_COUNT; i++) {
		const size_t count = hd_check_list_count(list, (enum hd_check_status)i);

		complete = put(json, statuses[i].many, json_object_new_int64((int64_t)count));
	}
	if (complete && put(json, "points", make_points(list)))
		text = json_object_to_json_string_ext(json, style);
	if (text != NULL)
		(void)fprintf(out, "%s\n", text);
	(void)json_object_put(json);
	return text == NULL ? HD_NO_MEMORY : HD_OK;
}

void
hd_check_list_clear(struct hd_check_list *list)
{
	free(list->points);
	*list = (struct hd_check_list){NULL, 0, false};
}
