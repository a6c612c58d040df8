/*
 * arguments - the command line of havedane-fcgi
 */
#ifndef HD_ARGUMENTS_H
#define HD_ARGUMENTS_H

struct hd_arguments {
	const char *config_file;
	const char *socket; /* NULL: not given */
};

/*
 * hd_arguments_parse - fill *arguments, defaults included; texts are argv's or static
 *
 * EX_OK: go on. -1: done, as with --help. Anything else is the exit status.
 */
int hd_arguments_parse(int argc, char *argv[], struct hd_arguments *arguments);

#endif
