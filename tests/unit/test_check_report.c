/* What "havedane check" has found, as text and as JSON. */
#include "admin/check_report.h"

#include <json_object.h>
#include <json_tokener.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static struct hd_check_list
example(void)
{
	struct hd_check_list list = {NULL, 0, false};

	hd_check_list_add(&list, HD_CHECK_OK, "store.open", "/db", "opens, %d tests", 3);
	hd_check_list_add(&list, HD_CHECK_FAILURE, "dns.mx", "do.x.test", "there is \"none\"");
	hd_check_list_mend(&list, "publish: %s", "do.x.test. MX 10 do.x.test.");
	hd_check_list_add(&list, HD_CHECK_UNKNOWN, "smtp.connect", "", "timed out");
	return list;
}

/* as_text - the caller frees */
static char *
as_text(const struct hd_check_list *list)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	hd_check_list_text(list, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
test_text(void **state)
{
	struct hd_check_list list = example();
	char *text = as_text(&list);

	(void)state;
	check_text("a line per point, aligned", text,
	    "ok       store.open    /db: opens, 3 tests\n"
	    "failure  dns.mx        do.x.test: there is \"none\"; mend: publish: do.x.test. MX 10 "
	    "do.x.test.\n"
	    "unknown  smtp.connect  timed out\n"
	    "1 ok, 0 warnings, 1 failure, 1 unknown\n");
	free(text);
	hd_check_list_clear(&list);
	text = as_text(&list);
	check_text("nothing", text, "0 ok, 0 warnings, 0 failures\n");
	free(text);
}

static void
test_summary(void **state)
{
	static const struct {
		const char *claim;
		int counts[HD_CHECK_STATUS_COUNT];
		const char *summary;
	} rows[] = {
	    {"all well", {2, 0, 0, 0}, "2 ok, 0 warnings, 0 failures\n"},
	    {"one of each", {1, 1, 1, 1}, "1 ok, 1 warning, 1 failure, 1 unknown\n"},
	    {"several", {0, 2, 3, 4}, "0 ok, 2 warnings, 3 failures, 4 unknown\n"},
	    {"more than fit at first", {200, 0, 0, 0}, "200 ok, 0 warnings, 0 failures\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_check_list list = {NULL, 0, false};
		char *text;

		for (int status = 0; status < HD_CHECK_STATUS_COUNT; status++) {
			for (int n = 0; n < rows[i].counts[status]; n++)
				hd_check_list_add(
				    &list, (enum hd_check_status)status, "a.b", "", "c");
			check_int(rows[i].claim,
			    (int64_t)hd_check_list_count(&list, (enum hd_check_status)status),
			    rows[i].counts[status]);
		}
		text = as_text(&list);
		check_true(rows[i].claim, strlen(text) > strlen(rows[i].summary));
		check_text(
		    rows[i].claim, text + strlen(text) - strlen(rows[i].summary), rows[i].summary);
		free(text);
		hd_check_list_clear(&list);
	}
}

/* Words of other hosts are among the messages. */
static void
test_nothing_harms_a_terminal(void **state)
{
	struct hd_check_list list = {NULL, 0, false};
	char text[2 * HD_CHECK_TEXT_SIZE];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	hd_check_list_mend(&list, "of no point");
	hd_check_list_add(&list, HD_CHECK_OK, "a.b", "s\n\033[2J", "m%s\xff\tz", "\r\n");
	hd_check_list_mend(&list, "%s", "\a;");
	check_text("subject", list.points[0].subject, "s??[2J");
	check_text("message", list.points[0].message, "m????z");
	check_text("mend", list.points[0].mend, "?;");
	hd_check_list_add(&list, HD_CHECK_OK, "a.b", text, "%s", text);
	check_int(
	    "a subject is cut", (int64_t)strlen(list.points[1].subject), HD_CHECK_SUBJECT_SIZE - 1);
	check_int(
	    "a message is cut", (int64_t)strlen(list.points[1].message), HD_CHECK_TEXT_SIZE - 1);
	hd_check_list_clear(&list);
}

static const char *
member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	check_true(name, json_object_object_get_ex(object, name, &value));
	return value == NULL ? NULL : json_object_get_string(value);
}

static void
test_json(void **state)
{
	struct hd_check_list list = example();
	struct json_object *json, *points = NULL, *point;
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	check_int("printed", hd_check_list_json(&list, out), HD_OK);
	assert_int_equal(fclose(out), 0);
	json = json_tokener_parse(text);
	assert_non_null(json);
	check_text("ok", member(json, "ok"), "1");
	check_text("warnings", member(json, "warnings"), "0");
	check_text("failures", member(json, "failures"), "1");
	check_text("unknown", member(json, "unknown"), "1");
	check_true("points", json_object_object_get_ex(json, "points", &points));
	check_int("all of them", (int64_t)json_object_array_length(points), 3);
	point = json_object_array_get_idx(points, 1);
	check_text("id", member(point, "id"), "dns.mx");
	check_text("subject", member(point, "subject"), "do.x.test");
	check_text("status", member(point, "status"), "failure");
	check_text("message", member(point, "message"), "there is \"none\"");
	check_text("mend", member(point, "mend"), "publish: do.x.test. MX 10 do.x.test.");
	point = json_object_array_get_idx(points, 2);
	check_text("no subject", member(point, "subject"), NULL);
	check_text("no mend", member(point, "mend"), NULL);
	(void)json_object_put(json);
	free(text);
	hd_check_list_clear(&list);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_text),
	    UNIT_TEST(test_summary),
	    UNIT_TEST(test_nothing_harms_a_terminal),
	    UNIT_TEST(test_json),
	};

	return RUN_TESTS(tests);
}
