/* Programs that the steps of setup run. */
#include "log.h"
#include "program.h"
#include "setup.h"

enum hd_error
hd_setup_run(const char *const *argv)
{
	const struct hd_program program = {.argv = argv, .timeout = HD_PROGRAM_TIMEOUT};
	struct hd_program_result result;
	enum hd_error error = hd_program_run(&program, &result);

	if (error != HD_OK)
		return error;
	if (result.status != 0) {
		hd_program_log(&program, &result);
		hd_error("%s%s%s failed, with exit status %d", argv[0], argv[1] == NULL ? "" : " ",
		    argv[1] == NULL ? "" : argv[1], result.status);
		error = HD_CONFIG;
	}
	hd_program_result_clear(&result);
	return error;
}

int
hd_setup_ask(const char *const *argv)
{
	const struct hd_program program = {.argv = argv, .timeout = HD_PROGRAM_TIMEOUT};
	struct hd_program_result result;
	int status;

	if (hd_program_run(&program, &result) != HD_OK)
		return -1;
	status = result.status;
	hd_program_result_clear(&result);
	return status;
}

bool
hd_setup_has(const char *program)
{
	const char *const argv[] = {"sh", "-c", "command -v -- \"$1\"", "sh", program, NULL};

	return hd_setup_ask(argv) == 0;
}
