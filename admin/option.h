/*
 * option - options and operands of a command
 */
#ifndef HD_OPTION_H
#define HD_OPTION_H

#include <stdbool.h>

#include "command.h"

/*
 * hd_option_parse - read a command's arguments by its row in the table
 *
 * argv[0] is the command's name. Sets options, operands (pointers into argv)
 * and operand_count of *call; *help when --help was among them: then the rest
 * does not matter. HD_INVALID: logged.
 */
enum hd_error hd_option_parse(
    const struct hd_command *command, int argc, char **argv, struct hd_call *call, bool *help);

/* hd_option_number - an option's value as a whole number; HD_INVALID: logged */
enum hd_error hd_option_number(const char *option, const char *text, int min, int max, int *number);

#endif
