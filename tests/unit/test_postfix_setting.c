/* The Postfix parameters we want: from the template that is installed, and what is wrong with one. */
#include "admin/postfix_setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* TEMPLATES is the folder postfix/ of the sources (Makefile.inc). */
static struct hd_config config = {
    .domain = "havedane.test",
    .retention = INT64_C(25) * 60 * 60 * 1000,
    .postfix_socket = "/run/h/alias.sock",
};

static struct hd_postfix_source
make_source(const char *templates)
{
	struct hd_postfix_source source;

	assert_int_equal(
	    hd_postfix_source_init(&source, &config, "/etc/h/h.conf", "/etc/h/tls", "/etc/h/maps"),
	    HD_OK);
	source.templates = templates;
	return source;
}

static void
test_ours(void **state)
{
	static const struct {
		const char *name, *value;
		bool needed, added;
	} rows[] = {
	    {"alias_maps", "hash:/etc/h/maps/aliases", true, true},
	    {"virtual_alias_domains", "do.havedane.test dont.havedane.test wrong.havedane.test",
		true, true},
	    {"virtual_alias_maps",
		"pipemap:{regexp:/etc/h/maps/probes, proxy:socketmap:unix:/run/h/alias.sock:alias}",
		true, true},
	    {"tls_server_sni_maps",
		"inline:{ {do.havedane.test = /etc/h/tls/server.key, /etc/h/tls/server.pem} "
		"{dont.havedane.test = /etc/h/tls/server.key, /etc/h/tls/server.pem} "
		"{wrong.havedane.test = /etc/h/tls/server.key, /etc/h/tls/server.pem} }",
		true, true},
	    {"smtpd_tls_chain_files", "/etc/h/tls/server.key, /etc/h/tls/server.pem", false, false},
	    {"smtpd_tls_cert_file", "", false, false},
	    {"smtpd_tls_security_level", "may", false, false},
	    {"smtpd_client_message_rate_limit", "0", false, false},
	    {"smtpd_hard_error_limit", "20", false, false},
	    {"smtpd_discard_ehlo_keywords", "silent-discard, dsn", false, false},
	    {"header_checks",
		"regexp:{{/^Delivered-To[[:space:]]*:[[:space:]]*havedane-(do|dont|wrong)"
		"@localhost/ IGNORE}}",
		false, true},
	    {"maximal_queue_lifetime", "3d", false, false},
	};
	const struct hd_postfix_source source = make_source(TEMPLATES);
	struct hd_postfix_settings settings;
	size_t needed = 0;

	(void)state;
	assert_int_equal(hd_postfix_settings_load(&source, &settings), HD_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct hd_postfix_setting *row =
		    hd_postfix_settings_find(&settings, rows[i].name);

		check_true(rows[i].name, row != NULL);
		check_text(rows[i].name, row->value, rows[i].value);
		check_int(rows[i].name, row->needed, rows[i].needed);
		check_int(rows[i].name, row->added, rows[i].added);
	}
	for (size_t i = 0; i < settings.count; i++) {
		const struct hd_postfix_setting *row = &settings.rows[i];

		needed += row->needed;
		check_true(row->name, row->comment[0] != '\0' && row->comment[0] != '#');
		check_true("each name once", hd_postfix_settings_find(&settings, row->name) == row);
	}
	check_int("four are needed on any Postfix", (int64_t)needed, 4);
	check_true("no such name", hd_postfix_settings_find(&settings, "alias") == NULL);
	hd_postfix_settings_clear(&settings);
	check_int("cleared", (int64_t)settings.count, 0);
}

static void
test_catch_all(void **state)
{
	struct hd_postfix_source source = make_source(TEMPLATES);
	struct hd_postfix_settings settings;

	(void)state;
	check_true("the configuration has a socket", !source.catch_all);
	source.catch_all = true;
	assert_int_equal(hd_postfix_settings_load(&source, &settings), HD_OK);
	check_text("any alias", hd_postfix_settings_find(&settings, "virtual_alias_maps")->value,
	    "hash:/etc/h/maps/virtual");
	hd_postfix_settings_clear(&settings);

	config.postfix_socket[0] = '\0';
	source = make_source(TEMPLATES);
	check_true("nobody to ask", source.catch_all);
	(void)snprintf(config.postfix_socket, sizeof(config.postfix_socket), "/run/h/alias.sock");
}

static void
test_paths(void **state)
{
	static const struct {
		const char *conf, *tls, *maps, *logged;
	} rows[] = {
	    {"c", "/t", "/m", "-c: \"c\" must be an absolute path"},
	    {"/c d", "/t", "/m", "-c: \"/c d\": Postfix may take only"},
	    {"/c", "/t$x", "/m", "--tls: \"/t$x\": Postfix may take only"},
	    {"/c", "/t", "/m,n", "--maps: \"/m,n\": Postfix may take only"},
	    {"/c", "/t", "/m}", "--maps: \"/m}\": Postfix may take only"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_postfix_source source;

		check_int(rows[i].logged,
		    hd_postfix_source_init(
			&source, &config, rows[i].conf, rows[i].tls, rows[i].maps),
		    HD_INVALID);
		check_logged(rows[i].logged, HD_LOG_ERROR, rows[i].logged);
	}
}

static void
test_holds(void **state)
{
	static char name[] = "n", value[] = "a, b", comment[] = "";
	static const struct {
		const char *claim, *value;
		bool set, added; /* whether it holds for a setting of this kind */
	} rows[] = {
	    {"as it is", "a, b", true, true},
	    {"other blanks", "a,\n\tb", true, true},
	    {"more of somebody's", "x, a, b, y", false, true},
	    {"another order", "b a", false, true},
	    {"half", "a", false, false},
	    {"nothing", "", false, false},
	};
	struct hd_postfix_setting setting = {.name = name, .value = value, .comment = comment};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		setting.added = false;
		check_int(
		    rows[i].claim, hd_postfix_setting_holds(&setting, rows[i].value), rows[i].set);
		setting.added = true;
		check_int(rows[i].claim, hd_postfix_setting_holds(&setting, rows[i].value),
		    rows[i].added);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *claim, *template, *logged;
	} rows[] = {
	    {"before the first part", "a = b\n", "line 1 when filled in: a setting before"},
	    {"no setting", "### 1\na\n", "line 2 when filled in: this is no setting"},
	    {"no name", "### 1\n= b\n", "line 2 when filled in: this is no setting"},
	    {"a name of other letters", "### 1\nA = b\n", "line 2 when filled in: this is no"},
	    {"goes on with nothing", "### 1\n\tb\n", "line 2 when filled in: it is indented"},
	    {"goes on after a gap", "### 1\na = b\n\n\tc\n",
		"line 4 when filled in: it is indented"},
	    {"an unknown placeholder", "### 1\na = %{b}\n", "main.cf:2: unknown placeholder %{b}"},
	};
	const struct hd_postfix_source source = make_source(temp_dir());

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_postfix_settings settings;

		(void)write_file("main.cf", rows[i].template, strlen(rows[i].template));
		check_int(rows[i].claim, hd_postfix_settings_load(&source, &settings), HD_CONFIG);
		check_logged(rows[i].claim, HD_LOG_ERROR, rows[i].logged);
		check_int("nothing is held", (int64_t)settings.count, 0);
	}
}

static void
test_too_many(void **state)
{
	const struct hd_postfix_source source = make_source(temp_dir());
	char text[16 * HD_POSTFIX_SETTINGS_MAX] = "### 1\n";
	struct hd_postfix_settings settings;
	size_t used = strlen(text);

	(void)state;
	for (int i = 0; i < HD_POSTFIX_SETTINGS_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "a%d = b\n", i);
	(void)write_file("main.cf", text, used);
	assert_int_equal(hd_postfix_settings_load(&source, &settings), HD_OK);
	check_int("as many as there may be", (int64_t)settings.count, HD_POSTFIX_SETTINGS_MAX);
	hd_postfix_settings_clear(&settings);
	used += (size_t)snprintf(text + used, sizeof(text) - used, "b = b\n");
	(void)write_file("main.cf", text, used);
	check_int("one more", hd_postfix_settings_load(&source, &settings), HD_CONFIG);
	check_logged("one more", HD_LOG_ERROR, "too many settings");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_ours),
	    UNIT_TEST(test_catch_all),
	    UNIT_TEST(test_paths),
	    UNIT_TEST(test_holds),
	    UNIT_TEST(test_refused),
	    UNIT_TEST(test_too_many),
	};

	return RUN_TESTS(tests);
}
