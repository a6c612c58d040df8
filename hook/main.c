#include "hook.h"

int
main(int argc, char *argv[])
{
	return hd_hook_main(argc, argv);
}
