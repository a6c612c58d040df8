#include "support.h"

#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINES_MAX = 256, LINE_SIZE = 1024, PATHS_MAX = 256 };

/* The log lines not yet taken; any thread may add one. */
static pthread_mutex_t lines_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	enum hd_log_level level;
	char text[LINE_SIZE];
} lines[LINES_MAX];
static unsigned line_count;

static char folder[512];
static char *paths[PATHS_MAX];
static unsigned path_count;

static const char *const level_names[] = {
    [HD_LOG_ERROR] = "error",
    [HD_LOG_WARNING] = "warning",
    [HD_LOG_INFO] = "info",
};

static void
record_line(enum hd_log_level level, const char *message)
{
	(void)pthread_mutex_lock(&lines_lock);
	if (line_count < LINES_MAX) {
		lines[line_count].level = level;
		(void)snprintf(lines[line_count].text, LINE_SIZE, "%s", message);
		line_count++;
	}
	(void)pthread_mutex_unlock(&lines_lock);
}

__attribute__((format(printf, 3, 4), noreturn)) static void
fail_at(const char *file, int line, const char *format, ...)
{
	char text[4096];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	print_error("%s\n", text);
	/* Not fail(): the place to name is the caller's. */
	_fail(file, line);
	abort(); /* _fail does not return, but does not say so */
}

void
hd_check_true(const char *file, int line, const char *claim, bool truth)
{
	if (!truth)
		fail_at(file, line, "%s: does not hold", claim);
}

void
hd_check_int(const char *file, int line, const char *claim, int64_t got, int64_t wanted)
{
	if (got != wanted)
		fail_at(file, line, "%s: is %lld, should be %lld", claim, (long long)got,
		    (long long)wanted);
}

void
hd_check_text(const char *file, int line, const char *claim, const char *got, const char *wanted)
{
	if (got == NULL && wanted == NULL)
		return;
	if (got == NULL || wanted == NULL || strcmp(got, wanted) != 0)
		fail_at(file, line, "%s: is \"%s\", should be \"%s\"", claim,
		    got == NULL ? "(NULL)" : got, wanted == NULL ? "(NULL)" : wanted);
}

static void
take_first_line(void)
{
	(void)pthread_mutex_lock(&lines_lock);
	line_count--;
	memmove(&lines[0], &lines[1], line_count * sizeof(lines[0]));
	(void)pthread_mutex_unlock(&lines_lock);
}

bool
was_logged(enum hd_log_level level, const char *text)
{
	if (line_count == 0 || lines[0].level != level || strstr(lines[0].text, text) == NULL)
		return false;
	take_first_line();
	return true;
}

void
hd_check_logged(
    const char *file, int line, const char *claim, enum hd_log_level level, const char *text)
{
	if (line_count == 0)
		fail_at(file, line, "%s: nothing is logged, should be %s: ...%s...", claim,
		    level_names[level], text);
	if (!was_logged(level, text))
		fail_at(file, line, "%s: logged is %s: %s\nshould be %s: ...%s...", claim,
		    level_names[lines[0].level], lines[0].text, level_names[level], text);
}

void
hd_check_log_quiet(const char *file, int line, const char *claim)
{
	while (line_count > 0) {
		if (lines[0].level != HD_LOG_INFO)
			fail_at(file, line, "%s: logged without need: %s: %s", claim,
			    level_names[lines[0].level], lines[0].text);
		take_first_line();
	}
}

int
run_child(int (*function)(void *argument), void *argument)
{
	enum { NOBODY = 65534, NO_RIGHTS_TO_DROP = 100, DIED = 101 };
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
			_exit(NO_RIGHTS_TO_DROP);
		_exit(function(argument));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : DIED;
}

void
drop_log(void)
{
	line_count = 0;
}

const char *
temp_dir(void)
{
	const char *base = getenv("TMPDIR");

	if (folder[0] != '\0')
		return folder;
	(void)snprintf(folder, sizeof(folder), "%s/havedane-unit.XXXXXX",
	    base == NULL || base[0] == '\0' ? "/tmp" : base);
	assert_non_null(mkdtemp(folder));
	return folder;
}

const char *
temp_path(const char *name)
{
	const char *in = temp_dir();
	size_t size = strlen(in) + 1 + strlen(name) + 1;

	assert_true(path_count < PATHS_MAX);
	paths[path_count] = malloc(size);
	assert_non_null(paths[path_count]);
	(void)snprintf(paths[path_count], size, "%s/%s", in, name);
	return paths[path_count++];
}

const char *
write_file(const char *name, const void *bytes, size_t length)
{
	const char *path = temp_path(name);
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	return path;
}

char *
read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "re");
	struct stat status;
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	*length = (size_t)status.st_size;
	bytes = malloc(*length + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *length, file), *length);
	bytes[*length] = '\0';
	(void)fclose(file);
	return bytes;
}

char *
exact_copy(const void *bytes, size_t length)
{
	char *copy = malloc(length);

	assert_true(copy != NULL || length == 0);
	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

void
numbered_alias(unsigned number, char alias[HD_ALIAS_SIZE])
{
	memset(alias, 'a', HD_ALIAS_LENGTH);
	alias[HD_ALIAS_LENGTH] = '\0';
	for (unsigned i = HD_ALIAS_LENGTH; number > 0; number /= 32)
		alias[--i] = "abcdefghijklmnopqrstuvwxyz234567"[number % 32];
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

int
hd_test_setup(void **state)
{
	(void)state;
	drop_log();
	hd_log_to(record_line);
	return 0;
}

int
hd_test_teardown(void **state)
{
	(void)state;
	if (folder[0] != '\0') {
		(void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
		folder[0] = '\0';
	}
	while (path_count > 0)
		free(paths[--path_count]);
	hd_check_log_quiet(__FILE__, __LINE__, "what the test has not expected");
	return 0;
}
