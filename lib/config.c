/*
 * The file is read whole and handed to inih line by line, so that every
 * message can name its line, and an overlong line is an error, not two lines.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_value.h"
#include "log.h"

enum { FILE_MAX = 64 * 1024, LINE_MAX_BYTES = 2048 };

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

#define FIELD(member) offsetof(struct hd_config, member), sizeof(((struct hd_config *)0)->member)

enum key {
	KEY_DOMAIN,
	KEY_BACKEND,
	KEY_PATH,
	KEY_CONNINFO,
	KEY_FASTCGI_SOCKET,
	KEY_THREADS,
	KEY_FASTCGI_GROUP,
	KEY_POSTFIX_SOCKET,
	KEY_POSTFIX_GROUP,
	KEY_RETENTION,
	KEY_GRACE,
	KEY_SETTLE,
	KEY_LIMIT,
	KEY_COUNT
};

static const struct {
	const char *section;
	const char *name;
	enum hd_value_type type;
	size_t offset;
	size_t size;
	const char *value; /* the default; NULL: required */
	int64_t min;       /* numbers and durations only */
	int64_t max;
	const char *doc; /* what to write, for messages */
} keys[KEY_COUNT] = {
    [KEY_DOMAIN] = {"service", "domain", HD_VALUE_DOMAIN, FIELD(domain), NULL, 0, 0,
	"the base domain of this installation"},
    [KEY_BACKEND] = {"store", "backend", HD_VALUE_BACKEND, FIELD(backend), "sqlite", 0, 0,
	"sqlite or postgresql"},
    [KEY_PATH] = {"store", "path", HD_VALUE_PATH, FIELD(store_path),
	HD_LOCALSTATEDIR "/lib/havedane/havedane.db", 0, 0, "the file of the SQLite database"},
    [KEY_CONNINFO] = {"store", "conninfo", HD_VALUE_TEXT, FIELD(conninfo), "", 0, 0,
	"the connection string for postgresql"},
    [KEY_FASTCGI_SOCKET] = {"fastcgi", "socket", HD_VALUE_PATH, FIELD(fastcgi_socket),
	HD_RUNSTATEDIR "/havedane/fcgi.sock", 0, 0, "the unix socket for the web server"},
    [KEY_THREADS] = {"fastcgi", "threads", HD_VALUE_NUMBER, FIELD(threads), "8", 1, 256,
	"requests served at a time, 1 to 256"},
    [KEY_FASTCGI_GROUP] = {"fastcgi", "group", HD_VALUE_TEXT, FIELD(fastcgi_group), "", 0, 0,
	"the group that may connect to the socket"},
    [KEY_POSTFIX_SOCKET] = {"postfix", "socket", HD_VALUE_OPTIONAL_PATH, FIELD(postfix_socket), "",
	0, 0, "the unix socket for Postfix's look-ups, empty for none"},
    [KEY_POSTFIX_GROUP] = {"postfix", "group", HD_VALUE_TEXT, FIELD(postfix_group), "", 0, 0,
	"the group that may connect to that socket"},
    [KEY_RETENTION] = {"test", "retention", HD_VALUE_DURATION, FIELD(retention), "24h", MINUTE,
	30 * DAY, "how long a test lives, 1m to 30d"},
    [KEY_GRACE] = {"test", "grace", HD_VALUE_DURATION, FIELD(grace), "15s", SECOND, DAY,
	"when a missing message counts as not delivered, 1s to 24h"},
    [KEY_SETTLE] = {"test", "settle", HD_VALUE_DURATION, FIELD(settle), "30m", SECOND, DAY,
	"when a verdict is final, 1s to 24h"},
    [KEY_LIMIT] = {"test", "limit", HD_VALUE_NUMBER, FIELD(limit), "100000", 1, 10000000,
	"how many tests may live at a time, 1 to 10000000"},
};

/* One run through one file. */
struct loader {
	const char *file;
	const char *next;            /* what inih has not had yet */
	unsigned line;               /* the line it has, from 1 */
	unsigned seen_on[KEY_COUNT]; /* the line of each key, 0: not seen */
	bool failed;                 /* logged already */
	struct hd_config config;
};

#define FAIL(loader, at_line, ...)                              \
	do {                                                    \
		(loader)->failed = true;                        \
		log_at((loader)->file, (at_line), __VA_ARGS__); \
	} while (0)

__attribute__((format(printf, 3, 4))) static void log_at(
    const char *file, unsigned line, const char *format, ...);

static void
log_at(const char *file, unsigned line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	va_end(args);
	hd_error("%s:%u: %s", file, line, text);
}

/* set - parse a value into the field of its key; NULL, or what is wrong with it */
static const char *
set(struct hd_config *config, enum key key, const char *text)
{
	void *field = (char *)config + keys[key].offset;
	const struct hd_value_limits limits = {keys[key].size, keys[key].min, keys[key].max};

	return hd_value_parse(keys[key].type, text, &limits, field);
}

static bool
is_section(const char *name, size_t length)
{
	for (unsigned i = 0; i < KEY_COUNT; i++) {
		if (strlen(keys[i].section) == length && memcmp(keys[i].section, name, length) == 0)
			return true;
	}
	return false;
}

/* inih tells of a section when a key follows, and passes over what stands behind it */
static void
check_section(struct loader *loader, const char *line)
{
	const char *name = line + strspn(line, " \t"), *rest;
	size_t length;

	if (*name != '[')
		return;
	length = strcspn(++name, "]\r\n");
	if (name[length] != ']')
		return; /* inih's to refuse */
	rest = name + length + 1;
	rest += strspn(rest, " \t\r\n");
	if (!is_section(name, length))
		FAIL(loader, loader->line, "[%.*s] is no section", (int)(length < 64 ? length : 64),
		    name);
	else if (*rest != '\0' && *rest != ';' && *rest != '#')
		FAIL(loader, loader->line, "nothing but a comment may follow [%.*s]", (int)length,
		    name);
}

/* read_line - inih's reader, as fgets(3): the next line, or NULL at the end or on an error */
static char *
read_line(char *buffer, int size, void *context)
{
	struct loader *loader = context;
	size_t length;

	if (loader->failed || *loader->next == '\0')
		return NULL;
	loader->line++;
	length = strcspn(loader->next, "\n");
	if (loader->next[length] == '\n')
		length++;
	if (length >= (size_t)size) {
		FAIL(loader, loader->line, "the line is longer than %d bytes", size - 1);
		return NULL;
	}
	memcpy(buffer, loader->next, length);
	buffer[length] = '\0';
	loader->next += length;
	check_section(loader, buffer);
	return loader->failed ? NULL : buffer;
}

/* on_key - inih's handler: 1 to go on, 0 on an error */
static int
on_key(void *context, const char *section, const char *name, const char *value)
{
	struct loader *loader = context;
	const char *wrong;
	unsigned key = 0;

	while (key < KEY_COUNT &&
	       (strcmp(keys[key].section, section) != 0 || strcmp(keys[key].name, name) != 0))
		key++;
	if (key == KEY_COUNT) {
		FAIL(loader, loader->line, "[%s] has no key \"%s\"", section, name);
		return 0;
	}
	if (loader->seen_on[key] != 0) {
		FAIL(loader, loader->line, "\"%s\" is set on line %u already", name,
		    loader->seen_on[key]);
		return 0;
	}
	wrong = set(&loader->config, (enum key)key, value);
	if (wrong != NULL) {
		FAIL(loader, loader->line, "%s = %s: %s; expected: %s", name, value, wrong,
		    keys[key].doc);
		return 0;
	}
	loader->seen_on[key] = loader->line;
	return 1;
}

/* slurp - the file as a string the caller frees; NULL (logged) on any trouble */
static char *
slurp(const char *file, enum hd_error *error)
{
	struct stat status;
	size_t length = 0;
	ssize_t got = 1;
	char *text = NULL;
	int fd;

	*error = HD_CONFIG;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &status) != 0) {
		hd_error("%s:1: cannot open the configuration: %s", file, strerror(errno));
		goto out;
	}
	if (!S_ISREG(status.st_mode)) {
		hd_error("%s:1: is not a regular file", file);
		goto out;
	}
	text = malloc(FILE_MAX + 1);
	if (text == NULL) {
		hd_error("%s:1: out of memory", file);
		*error = HD_NO_MEMORY;
		goto out;
	}
	while (got > 0 && length <= FILE_MAX) {
		got = read(fd, text + length, FILE_MAX + 1 - length);
		if (got > 0)
			length += (size_t)got;
	}
	if (got < 0)
		hd_error("%s:1: cannot read the configuration: %s", file, strerror(errno));
	else if (length > FILE_MAX)
		hd_error("%s:1: the file is larger than %d bytes", file, FILE_MAX);
	else if (memchr(text, '\0', length) != NULL)
		hd_error("%s:1: the file has a NUL byte in it", file);
	else {
		text[length] = '\0';
		*error = HD_OK;
	}
out:
	if (fd >= 0)
		(void)close(fd);
	if (*error != HD_OK) {
		free(text);
		text = NULL;
	}
	return text;
}

static void
set_defaults(struct loader *loader)
{
	for (unsigned key = 0; key < KEY_COUNT; key++) {
		const char *wrong = NULL;

		if (keys[key].value != NULL)
			wrong = set(&loader->config, (enum key)key, keys[key].value);
		/* A default depends on configure's paths, which may be too long. */
		if (wrong != NULL)
			FAIL(loader, 1, "the default of \"%s\" cannot be used: %s", keys[key].name,
			    wrong);
	}
}

static unsigned
later(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* What no single key can tell. */
static void
check_whole(struct loader *loader)
{
	const struct hd_config *config = &loader->config;
	const unsigned *seen_on = loader->seen_on;

	for (unsigned key = 0; key < KEY_COUNT; key++) {
		if (keys[key].value == NULL && seen_on[key] == 0) {
			FAIL(loader, later(loader->line, 1), "[%s] must set \"%s\"",
			    keys[key].section, keys[key].name);
			return;
		}
	}
	if (config->grace > config->settle)
		FAIL(loader, later(later(seen_on[KEY_GRACE], seen_on[KEY_SETTLE]), 1),
		    "grace is longer than settle");
	else if (config->settle > config->retention)
		FAIL(loader, later(later(seen_on[KEY_SETTLE], seen_on[KEY_RETENTION]), 1),
		    "settle is longer than retention");
}

enum hd_error
hd_config_load(const char *file, struct hd_config *config)
{
	struct loader loader = {.file = file};
	enum hd_error error;
	char *text = slurp(file, &error);
	int result;

	if (text == NULL)
		return error;
	loader.next = text;
	set_defaults(&loader);

	ini_max_line = LINE_MAX_BYTES;
	ini_allow_multiline = false;
	ini_stop_on_first_error = true;
	result = ini_parse_stream(read_line, &loader, on_key, &loader);
	if (result > 0 && !loader.failed)
		FAIL(&loader, (unsigned)result, "neither [section] nor key = value");
	else if (result < 0 && !loader.failed)
		FAIL(&loader, later(loader.line, 1), "the parser failed (%d)", result);
	if (!loader.failed)
		check_whole(&loader);
	if (!loader.failed)
		*config = loader.config;
	free(text);
	return loader.failed ? HD_CONFIG : HD_OK;
}
