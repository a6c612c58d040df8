#include "option.h"

#include <getopt.h>
#include <stdint.h>

#include "config_value.h"
#include "log.h"

enum { HELP = HD_OPTIONS_MAX }; /* its index, after all others */

/* to_getopt - the row's options for getopt_long, which gives back their indices */
static void
to_getopt(const struct hd_command *command, struct option list[HD_OPTIONS_MAX + 2])
{
	int count = 0;

	for (; command->options[count].name != NULL; count++) {
		const struct hd_option *option = &command->options[count];

		list[count] = (struct option){option->name,
		    option->takes_value ? required_argument : no_argument, NULL, count};
	}
	list[count++] = (struct option){"help", no_argument, NULL, HELP};
	list[count] = (struct option){NULL, 0, NULL, 0};
}

static enum hd_error
check_operands(const struct hd_command *command, const struct hd_call *call)
{
	if (call->operand_count < command->operands_min) {
		hd_error("%s: an argument is missing", command->name);
		return HD_INVALID;
	}
	if (call->operand_count > command->operands_max) {
		hd_error("%s: does not take \"%s\"", command->name,
		    call->operands[command->operands_max]);
		return HD_INVALID;
	}
	return HD_OK;
}

enum hd_error
hd_option_parse(
    const struct hd_command *command, int argc, char **argv, struct hd_call *call, bool *help)
{
	struct option list[HD_OPTIONS_MAX + 2];
	int found;

	to_getopt(command, list);
	for (int i = 0; i < HD_OPTIONS_MAX; i++)
		call->options[i] = command->options[i].value;
	*help = false;

	optind = 0; /* glibc: start afresh, after the global options */
	opterr = 0;
	while ((found = getopt_long(argc, argv, ":", list, NULL)) != -1) {
		if (found == HELP) {
			*help = true;
			return HD_OK;
		}
		if (found < 0 || found > HELP) {
			hd_error(found == ':' ? "%s: %s: its value is missing"
					      : "%s: %s: no such option, or ambiguous",
			    command->name, argv[optind - 1]);
			return HD_INVALID;
		}
		call->options[found] = optarg != NULL ? optarg : list[found].name;
	}
	call->operands = argv + optind;
	call->operand_count = argc - optind;
	return check_operands(command, call);
}

enum hd_error
hd_option_number(const char *option, const char *text, int min, int max, int *number)
{
	const struct hd_value_limits limits = {sizeof(int64_t), min, max};
	int64_t value;
	const char *wrong = hd_value_parse(HD_VALUE_NUMBER, text, &limits, &value);

	if (wrong != NULL) {
		hd_error("--%s %s: %s (%d to %d)", option, text, wrong, min, max);
		return HD_INVALID;
	}
	*number = (int)value;
	return HD_OK;
}
