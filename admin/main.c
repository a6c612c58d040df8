#include "admin.h"

int
main(int argc, char **argv)
{
	return hd_admin_main(argc, argv);
}
