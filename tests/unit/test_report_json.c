/* The JSON of the API, to the letter; and hostile text in it. */
#include "report_json.h"

#include <json.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

#define CREATED INT64_C(1795446000000) /* 2026-11-23T15:00:00Z */
#define ALIAS   "k5d3m2q7xw4b6n2a"

enum { PLAIN = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE };

static const struct hd_config config = {.retention = 86400000, .grace = 15000, .settle = 1800000};

/* make_json - a test's JSON at a moment after its creation; the caller puts it */
static struct json_object *
make_json(const struct hd_test *test, int64_t now)
{
	struct hd_report report;
	struct json_object *json = NULL;

	hd_report_make(test, CREATED + now, &config, &report);
	check_int("there is memory", hd_report_json(test, &report, "havedane.net", &json), HD_OK);
	assert_non_null(json);
	return json;
}

static void
check_json(const char *claim, const struct hd_test *test, int64_t now, const char *wanted)
{
	struct json_object *json = make_json(test, now);

	check_text(claim, json_object_to_json_string_ext(json, PLAIN), wanted);
	(void)json_object_put(json);
}

static void
new_test_to_the_letter(void **state)
{
	const struct hd_test test = {.alias = ALIAS, .created = CREATED};

	(void)state;
	check_json("nothing has arrived: null, and all is there", &test, 0,
	    "{\"alias\":\"" ALIAS "\",\"created\":\"2026-11-23T15:00:00Z\","
	    "\"expires\":\"2026-11-24T15:00:00Z\",\"first_received\":null,"
	    "\"counts_at\":null,\"final_at\":null,"
	    "\"verdict\":{\"result\":\"waiting\",\"final\":false},\"probes\":["
	    "{\"probe\":\"do\",\"address\":\"" ALIAS "@do.havedane.net\","
	    "\"expect\":\"delivered\",\"outcome\":\"waiting\",\"pass\":null,"
	    "\"offered\":null,\"delivery\":null},"
	    "{\"probe\":\"dont\",\"address\":\"" ALIAS "@dont.havedane.net\","
	    "\"expect\":\"delivered\",\"outcome\":\"waiting\",\"pass\":null,"
	    "\"offered\":null,\"delivery\":null},"
	    "{\"probe\":\"wrong\",\"address\":\"" ALIAS "@wrong.havedane.net\","
	    "\"expect\":\"not-delivered\",\"outcome\":\"waiting\",\"pass\":null,"
	    "\"offered\":null,\"delivery\":null}],\"poll_after\":2}");
}

static void
finished_test_to_the_letter(void **state)
{
	const struct hd_test test = {.alias = ALIAS,
	    .created = CREATED,
	    .deliveries = {[HD_PROBE_DO] = {true, CREATED + 62500,
			       {HD_TRANSPORT_TLS, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "192.0.2.1",
				   "mail.example.org"}},
		[HD_PROBE_DONT] = {
		    true, CREATED + 63999, {HD_TRANSPORT_CLEAR, "", "", "2001:db8::1", ""}}}};

	(void)state;
	check_json("do over TLS, dont in the clear, final", &test, 3600000,
	    "{\"alias\":\"" ALIAS "\",\"created\":\"2026-11-23T15:00:00Z\","
	    "\"expires\":\"2026-11-24T15:00:00Z\","
	    "\"first_received\":\"2026-11-23T15:01:02Z\","
	    "\"counts_at\":\"2026-11-23T15:01:18Z\",\"final_at\":\"2026-11-23T15:31:03Z\","
	    "\"verdict\":{\"result\":\"dane\",\"final\":true},\"probes\":["
	    "{\"probe\":\"do\",\"address\":\"" ALIAS "@do.havedane.net\","
	    "\"expect\":\"delivered\",\"outcome\":\"delivered\",\"pass\":true,"
	    "\"offered\":null,\"delivery\":"
	    "{\"received\":\"2026-11-23T15:01:02Z\",\"transport\":\"tls\",\"tls\":"
	    "{\"protocol\":\"TLSv1.3\",\"cipher\":\"TLS_AES_256_GCM_SHA384\"},"
	    "\"client\":{\"address\":\"192.0.2.1\",\"helo\":\"mail.example.org\"}}},"
	    "{\"probe\":\"dont\",\"address\":\"" ALIAS "@dont.havedane.net\","
	    "\"expect\":\"delivered\",\"outcome\":\"delivered\",\"pass\":true,"
	    "\"offered\":null,\"delivery\":"
	    "{\"received\":\"2026-11-23T15:01:03Z\",\"transport\":\"clear\",\"tls\":null,"
	    "\"client\":{\"address\":\"2001:db8::1\",\"helo\":null}}},"
	    "{\"probe\":\"wrong\",\"address\":\"" ALIAS "@wrong.havedane.net\","
	    "\"expect\":\"not-delivered\",\"outcome\":\"not-delivered\",\"pass\":true,"
	    "\"offered\":null,\"delivery\":null}],\"poll_after\":60}");
}

static void
offered_test_to_the_letter(void **state)
{
	const struct hd_test test = {
	    .alias = ALIAS, .created = CREATED, .offered = {[HD_PROBE_WRONG] = CREATED + 5999}};
	struct json_object *json, *probes, *offered;
	struct hd_report report;

	(void)state;
	hd_report_make(&test, CREATED + 3600000, &config, &report);
	assert_int_equal(hd_report_json(&test, &report, "havedane.net", &json), HD_OK);
	assert_true(json_object_object_get_ex(json, "probes", &probes));
	assert_true(json_object_object_get_ex(
	    json_object_array_get_idx(probes, HD_PROBE_WRONG), "offered", &offered));
	check_text("the time", json_object_get_string(offered), "2026-11-23T15:00:05Z");
	assert_true(json_object_object_get_ex(
	    json_object_array_get_idx(probes, HD_PROBE_DO), "offered", &offered));
	assert_null(offered);
	(void)json_object_put(json);
}

/* delivery_of - the delivery to wrong in a test's JSON; borrowed from json */
static struct json_object *
delivery_of(struct json_object *json)
{
	struct json_object *probes, *probe, *delivery;

	assert_true(json_object_object_get_ex(json, "probes", &probes));
	check_int("a probe for each row of the table", (int)json_object_array_length(probes),
	    HD_PROBE_COUNT);
	probe = json_object_array_get_idx(probes, HD_PROBE_WRONG);
	assert_true(json_object_object_get_ex(probe, "delivery", &delivery));
	return delivery;
}

static const struct {
	const char *claim;
	struct hd_evidence evidence;
	const char *delivery;
} deliveries[] = {
    {"TLS without details: an object of nulls", {HD_TRANSPORT_TLS, "", "", "192.0.2.1", "a"},
	"{\"received\":\"2026-11-23T15:00:01Z\",\"transport\":\"tls\","
	"\"tls\":{\"protocol\":null,\"cipher\":null},"
	"\"client\":{\"address\":\"192.0.2.1\",\"helo\":\"a\"}}"},
    {"TLS with a protocol only", {HD_TRANSPORT_TLS, "TLSv1.2", "", "", ""},
	"{\"received\":\"2026-11-23T15:00:01Z\",\"transport\":\"tls\","
	"\"tls\":{\"protocol\":\"TLSv1.2\",\"cipher\":null},"
	"\"client\":{\"address\":null,\"helo\":null}}"},
    {"in the clear: tls is null", {HD_TRANSPORT_CLEAR, "", "", "", ""},
	"{\"received\":\"2026-11-23T15:00:01Z\",\"transport\":\"clear\",\"tls\":null,"
	"\"client\":{\"address\":null,\"helo\":null}}"},
    {"in the clear, whatever else is set: tls is null",
	{HD_TRANSPORT_CLEAR, "TLSv1.3", "X", "", ""},
	"{\"received\":\"2026-11-23T15:00:01Z\",\"transport\":\"clear\",\"tls\":null,"
	"\"client\":{\"address\":null,\"helo\":null}}"},
    {"unknown: tls is null", {HD_TRANSPORT_UNKNOWN, "", "", "192.0.2.1", ""},
	"{\"received\":\"2026-11-23T15:00:01Z\",\"transport\":\"unknown\",\"tls\":null,"
	"\"client\":{\"address\":\"192.0.2.1\",\"helo\":null}}"},
};

static void
tls_is_an_object_exactly_with_tls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		struct hd_test test = {.alias = ALIAS, .created = CREATED};
		struct json_object *json;

		test.deliveries[HD_PROBE_WRONG] =
		    (struct hd_delivery){true, CREATED + 1000, deliveries[i].evidence};
		json = make_json(&test, 1000);
		check_text(deliveries[i].claim,
		    json_object_to_json_string_ext(delivery_of(json), PLAIN),
		    deliveries[i].delivery);
		(void)json_object_put(json);
	}
}

static void
pass_is_true_false_or_null(void **state)
{
	struct hd_test test = {.alias = ALIAS, .created = CREATED};
	struct json_object *json, *probes, *pass;

	(void)state;
	test.deliveries[HD_PROBE_WRONG].delivered = true;
	test.deliveries[HD_PROBE_WRONG].received = CREATED;
	json = make_json(&test, 0);
	assert_true(json_object_object_get_ex(json, "probes", &probes));
	assert_true(json_object_object_get_ex(
	    json_object_array_get_idx(probes, HD_PROBE_WRONG), "pass", &pass));
	check_int("a boolean", json_object_get_type(pass), json_type_boolean);
	check_true("wrong was delivered: false", !json_object_get_boolean(pass));
	assert_true(json_object_object_get_ex(
	    json_object_array_get_idx(probes, HD_PROBE_DO), "pass", &pass));
	check_true("do is awaited: null", pass == NULL);
	(void)json_object_put(json);
}

static const struct {
	const char *claim;
	const char *helo;
} hostile[] = {
    {"quotes", "a\",\"verdict\":{\"result\":\"dane\"},\"x\":\"b"},
    {"backslash at the end", "a\\"},
    {"backslash and quote", "\\\"\\\\\""},
    {"a script", "<script>alert('1')</script>"},
    {"the end of a script element", "</script><!--"},
    {"a format", "%s%n%1$s"},
    {"a unicode escape", "\\u0022"},
    {"every printable character", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"},
};

static void
hostile_text_comes_back_as_it_was(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		struct hd_test test = {.alias = ALIAS, .created = CREATED};
		struct json_object *json, *parsed, *client, *helo;

		test.deliveries[HD_PROBE_WRONG].delivered = true;
		(void)snprintf(test.deliveries[HD_PROBE_WRONG].evidence.client_helo,
		    HD_CLIENT_HELO_SIZE, "%s", hostile[i].helo);
		json = make_json(&test, 0);
		parsed = json_tokener_parse(json_object_to_json_string_ext(json, PLAIN));
		check_true(hostile[i].claim, parsed != NULL && json_object_equal(json, parsed));
		assert_true(json_object_object_get_ex(delivery_of(parsed), "client", &client));
		assert_true(json_object_object_get_ex(client, "helo", &helo));
		check_text(hostile[i].claim, json_object_get_string(helo), hostile[i].helo);
		check_int("nothing is added", json_object_object_length(client), 2);
		(void)json_object_put(parsed);
		(void)json_object_put(json);
	}
}

static void
longest_address_fits(void **state)
{
	const struct hd_test test = {.alias = ALIAS, .created = CREATED};
	char domain[HD_DOMAIN_SIZE], wanted[512];
	struct hd_report report;
	struct json_object *json, *probes, *address;

	(void)state;
	memset(domain, 'd', sizeof(domain) - 1);
	domain[sizeof(domain) - 1] = '\0';
	(void)snprintf(wanted, sizeof(wanted), "%s@wrong.%s", ALIAS, domain);
	hd_report_make(&test, CREATED, &config, &report);
	check_int("it is made", hd_report_json(&test, &report, domain, &json), HD_OK);
	assert_true(json_object_object_get_ex(json, "probes", &probes));
	assert_true(json_object_object_get_ex(
	    json_object_array_get_idx(probes, HD_PROBE_WRONG), "address", &address));
	check_text("nothing is cut off", json_object_get_string(address), wanted);
	(void)json_object_put(json);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(new_test_to_the_letter),
	    UNIT_TEST(finished_test_to_the_letter),
	    UNIT_TEST(offered_test_to_the_letter),
	    UNIT_TEST(tls_is_an_object_exactly_with_tls),
	    UNIT_TEST(pass_is_true_false_or_null),
	    UNIT_TEST(hostile_text_comes_back_as_it_was),
	    UNIT_TEST(longest_address_fits),
	};

	return RUN_TESTS(tests);
}
