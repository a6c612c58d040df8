#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

enum {
	ENVIRONMENT_MAX = 32,
	POLL = 10, /* milliseconds between two looks at whether it has ended */
	CHUNK = 4096
};

extern char **environ;

/* A program that runs. Each descriptor is -1 when it is not open. */
struct child {
	const char *name;
	pid_t pid; /* 0: none */
	int input;
	int output[2], errors[2]; /* pipes: [0] is ours */
	int failed[2];            /* tells errno when exec fails; exec closes it */
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static enum hd_error
failed(const struct child *child, const char *what)
{
	hd_error("%s: cannot %s: %s", child->name, what, strerror(errno));
	return HD_IO;
}

/* open_input - a file, not a pipe: nobody has to feed it, or to be killed by SIGPIPE */
static int
open_input(const struct hd_program *program)
{
	FILE *file;
	int fd = -1;

	if (program->input == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	file = tmpfile();
	if (file == NULL)
		return -1;
	if (fwrite(program->input, 1, program->input_size, file) == program->input_size &&
	    fflush(file) == 0 && fseek(file, 0, SEEK_SET) == 0)
		fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3);
	(void)fclose(file);
	return fd;
}

static bool
open_pipe(int ends[2], int flags)
{
	for (int i = 0; i < 2; i++)
		ends[i] = -1;
	return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[0], F_SETFL, flags) == 0;
}

static enum hd_error
open_child(const struct hd_program *program, struct child *child)
{
	bool opened;

	child->name = program->argv[0];
	child->pid = 0;
	opened = open_pipe(child->output, O_NONBLOCK);
	opened = open_pipe(child->errors, O_NONBLOCK) && opened;
	opened = open_pipe(child->failed, 0) && opened;
	child->input = open_input(program);
	if (!opened || child->input < 0)
		return failed(child, "open its input and output");
	return HD_OK;
}

static bool
become(const struct hd_program_user *user)
{
	return user == NULL ||
	       (setgroups(1, &user->gid) == 0 && setgid(user->gid) == 0 && setuid(user->uid) == 0);
}

static bool
set_environment(const char *const *more)
{
	static char path[] = "PATH=" HD_PROGRAM_PATH, locale[] = "LC_ALL=C";
	static char *list[ENVIRONMENT_MAX + 3];
	size_t count = 0;

	list[count++] = path;
	list[count++] = locale;
	for (; more != NULL && *more != NULL; more++) {
		if (count == ENVIRONMENT_MAX + 2) {
			errno = E2BIG;
			return false;
		}
		memcpy(&list[count++], more, sizeof(char *));
	}
	environ = list;
	return true;
}

/* run_child - what happens in the new process; it ends here */
static void
run_child(const struct hd_program *program, const struct child *child)
{
	char *const *argv;
	int reason;

	memcpy(&argv, &program->argv, sizeof(argv)); /* exec's prototype lacks a const */
	if (setpgid(0, 0) == 0 && chdir("/") == 0 && dup2(child->input, STDIN_FILENO) >= 0 &&
	    dup2(child->output[1], STDOUT_FILENO) >= 0 &&
	    dup2(child->errors[1], STDERR_FILENO) >= 0 && become(program->user) &&
	    set_environment(program->environment))
		(void)execvp(argv[0], argv);
	reason = errno;
	/* If even this fails, the parent sees our exit status. */
	if (write(child->failed[1], &reason, sizeof(reason)) < 0)
		_exit(126);
	_exit(127);
}

static enum hd_error
start(const struct hd_program *program, struct child *child)
{
	ssize_t got;
	int reason;

	/* Whoever started us may have let it be ignored: nobody could be waited for then. */
	(void)signal(SIGCHLD, SIG_DFL);
	child->pid = fork();
	if (child->pid < 0) {
		child->pid = 0;
		return failed(child, "make a process");
	}
	if (child->pid == 0)
		run_child(program, child);
	close_fd(&child->input);
	close_fd(&child->output[1]);
	close_fd(&child->errors[1]);
	close_fd(&child->failed[1]);
	do
		got = read(child->failed[0], &reason, sizeof(reason));
	while (got < 0 && errno == EINTR);
	if (got != sizeof(reason))
		return HD_OK;
	errno = reason;
	return reason == ENOENT ? HD_NONE : failed(child, "run it");
}

/* take_output - what is there of standard output, closed at its end */
static enum hd_error
take_output(struct child *child, FILE *to, size_t *size)
{
	char chunk[CHUNK];
	ssize_t got;

	while ((got = read(child->output[0], chunk, sizeof(chunk))) > 0) {
		*size += (size_t)got;
		if (*size > HD_PROGRAM_OUTPUT_MAX) {
			hd_error(
			    "%s: it prints more than %d bytes", child->name, HD_PROGRAM_OUTPUT_MAX);
			return HD_IO;
		}
		if (fwrite(chunk, 1, (size_t)got, to) != (size_t)got)
			return HD_NO_MEMORY;
	}
	if (got == 0)
		close_fd(&child->output[0]);
	return HD_OK;
}

static void
take_errors(struct child *child, char *errors)
{
	char chunk[CHUNK];
	ssize_t got;

	while ((got = read(child->errors[0], chunk, sizeof(chunk))) > 0) {
		size_t length = strlen(errors), room = HD_PROGRAM_ERRORS_SIZE - 1 - length;

		for (ssize_t i = 0; i < got && room > 0; i++, room--)
			errors[length++] = chunk[i] == '\0' ? '?' : chunk[i];
		errors[length] = '\0';
	}
	if (got == 0)
		close_fd(&child->errors[0]);
}

/* wait_child - until it has ended; what it wrote meanwhile goes to `to` and to errors */
static enum hd_error
wait_child(struct child *child, int timeout, FILE *to, struct hd_program_result *result)
{
	const int64_t deadline = hd_time_monotonic() + timeout;
	enum hd_error error;
	int status = 0;
	pid_t ended;

	for (;;) {
		struct pollfd fds[] = {
		    {child->output[0], POLLIN, 0}, {child->errors[0], POLLIN, 0}};

		(void)poll(fds, 2, POLL);
		/* Before the last look at its output, so that none is missed. */
		ended = waitpid(child->pid, &status, WNOHANG);
		error = take_output(child, to, &result->output_size);
		take_errors(child, result->errors);
		if (error != HD_OK)
			return error;
		if (ended == child->pid)
			break;
		if (ended < 0 && errno != EINTR)
			return failed(child, "wait for it");
		if (hd_time_monotonic() >= deadline) {
			hd_error("%s: it did not end within %d ms", child->name, timeout);
			return HD_IO;
		}
	}
	child->pid = 0;
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return HD_OK;
}

static void
close_child(struct child *child)
{
	if (child->pid > 0) {
		(void)kill(-child->pid, SIGKILL);
		(void)kill(child->pid, SIGKILL); /* it may have died before it had a group */
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_fd(&child->input);
	for (int i = 0; i < 2; i++) {
		close_fd(&child->output[i]);
		close_fd(&child->errors[i]);
		close_fd(&child->failed[i]);
	}
}

static enum hd_error
run(const struct hd_program *program, FILE *to, struct hd_program_result *result)
{
	struct child child;
	enum hd_error error = open_child(program, &child);

	if (error == HD_OK)
		error = start(program, &child);
	if (error == HD_OK)
		error = wait_child(&child, program->timeout, to, result);
	close_child(&child);
	return error;
}

enum hd_error
hd_program_run(const struct hd_program *program, struct hd_program_result *result)
{
	size_t size = 0;
	enum hd_error error;
	FILE *to;

	memset(result, 0, sizeof(*result));
	to = open_memstream(&result->output, &size);
	if (to == NULL) {
		hd_error("%s: %s", program->argv[0], hd_strerror(HD_NO_MEMORY));
		return HD_NO_MEMORY;
	}
	error = run(program, to, result);
	if (fclose(to) != 0 && error == HD_OK)
		error = HD_NO_MEMORY;
	if (error == HD_NO_MEMORY)
		hd_error("%s: %s", program->argv[0], hd_strerror(error));
	if (error != HD_OK)
		hd_program_result_clear(result);
	return error;
}

void
hd_program_log(const struct hd_program *program, const struct hd_program_result *result)
{
	const char *line = result->errors[0] != '\0' ? result->errors : result->output;

	while (*line != '\0') {
		size_t length = strcspn(line, "\n");

		if (length > 0)
			hd_error("%s: %.*s", program->argv[0], (int)length, line);
		line += length + (line[length] == '\n');
	}
}

void
hd_program_result_clear(struct hd_program_result *result)
{
	free(result->output);
	memset(result, 0, sizeof(*result));
}
