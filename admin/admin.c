#include "admin.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "option.h"

#define DEFAULT_CONF HD_SYSCONFDIR "/havedane/havedane.conf"

static const struct {
	enum hd_error error;
	const char *meaning;
} exit_codes[] = {
    {HD_OK, "done"},
    {HD_NONE, "there is no such test, or \"check\" has found a failure"},
    {HD_INVALID, "wrong usage"},
    {HD_STORE, "the database is missing, damaged or of another version"},
    {HD_CRYPTO, "OpenSSL failed"},
    {HD_NO_MEMORY, "out of memory"},
    {HD_IO, "input or output failed, also when the result could not be printed"},
    {HD_BUSY, "the database is locked: try again"},
    {HD_CONFIG, "configuration, certificates or templates are missing or wrong"},
};

static void
print_exit_codes(FILE *out)
{
	(void)fputs("\nExit status:\n", out);
	for (size_t i = 0; i < sizeof(exit_codes) / sizeof(exit_codes[0]); i++)
		(void)fprintf(out, "  %2d  %s\n", hd_error_exit_code(exit_codes[i].error),
		    exit_codes[i].meaning);
}

static void
print_help(FILE *out)
{
	(void)fputs("Usage: havedane [-c CONF] COMMAND [OPTIONS]\n"
		    "\n"
		    "Sets up and looks after a HaveDANE installation.\n"
		    "\n"
		    "Commands:\n",
	    out);
	for (const struct hd_command *row = hd_commands; row->name != NULL; row++)
		(void)fprintf(out, "  %-8s %s\n", row->name, row->summary);
	(void)fputs("\n"
		    "  -c CONF    the configuration (" DEFAULT_CONF ")\n"
		    "  --help     this text; \"havedane COMMAND --help\" tells more\n"
		    "  --version  the version\n",
	    out);
	print_exit_codes(out);
}

static void
print_command_help(FILE *out, const struct hd_command *command)
{
	(void)fprintf(out, "Usage: havedane [-c CONF] %s%s%s\n\n%s", command->name,
	    command->arguments[0] == '\0' ? "" : " ", command->arguments, command->help);
	print_exit_codes(out);
}

static enum hd_error
run_command(const char *conf, int argc, char **argv, FILE *out, bool *failed)
{
	const struct hd_command *command = hd_commands;
	struct hd_call call = {.conf = conf, .out = out};
	enum hd_error error;
	bool help;

	while (command->name != NULL && strcmp(command->name, argv[0]) != 0)
		command++;
	if (command->name == NULL) {
		hd_error("\"%s\" is no command", argv[0]);
		hd_info("try: havedane --help");
		return HD_INVALID;
	}
	error = hd_option_parse(command, argc, argv, &call, &help);
	if (error == HD_OK && help) {
		print_command_help(out, command);
		return HD_OK;
	}
	if (error == HD_OK && !command->without_config)
		error = hd_config_load(conf, &call.config);
	if (command->at_once)
		call.out = stdout;
	if (error == HD_OK)
		error = command->run(&call);
	*failed = call.failed;
	if (error == HD_INVALID)
		hd_info("try: havedane %s --help", command->name);
	return error;
}

static enum hd_error
dispatch(int argc, char **argv, FILE *out, bool *failed)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	const char *conf = DEFAULT_CONF;
	int found;

	optind = 0; /* glibc: start afresh */
	opterr = 0;
	/* "+": what follows the command is the command's. */
	while ((found = getopt_long(argc, argv, "+:c:", options, NULL)) != -1) {
		switch (found) {
		case 'c':
			conf = optarg;
			break;
		case 'h':
			print_help(out);
			return HD_OK;
		case 'V':
			(void)fputs("havedane " PACKAGE_VERSION "\n", out);
			return HD_OK;
		default:
			hd_error(found == ':' ? "%s: its value is missing" : "%s: no such option",
			    argv[optind - 1]);
			hd_info("try: havedane --help");
			return HD_INVALID;
		}
	}
	if (optind >= argc) {
		hd_error("which command?");
		hd_info("try: havedane --help");
		return HD_INVALID;
	}
	return run_command(conf, argc - optind, argv + optind, out, failed);
}

static enum hd_error
print(const char *text, size_t size)
{
	if (fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0 || ferror(stdout) != 0) {
		hd_error("cannot write to standard output: %s", strerror(errno));
		return HD_IO;
	}
	return HD_OK;
}

/* The result is collected first, so that no reader takes half of a zone for the whole. */
static enum hd_error
collect_and_print(int argc, char **argv)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	enum hd_error error;
	bool complete, failed = false;

	if (out == NULL) {
		hd_error("cannot start: %s", strerror(errno));
		return HD_NO_MEMORY;
	}
	error = dispatch(argc, argv, out, &failed);
	complete = fflush(out) == 0 && ferror(out) == 0;
	complete = fclose(out) == 0 && complete;
	if (error == HD_OK && !complete) {
		hd_error("the result does not fit into memory");
		error = HD_NO_MEMORY;
	}
	if (error == HD_OK)
		error = print(text, size);
	free(text);
	return error == HD_OK && failed ? HD_NONE : error;
}

int
hd_admin_main(int argc, char **argv)
{
	hd_log_to_stderr("havedane");
	return hd_error_exit_code(collect_and_print(argc, argv));
}
