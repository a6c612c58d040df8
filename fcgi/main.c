#include "service.h"

int
main(int argc, char *argv[])
{
	return hd_service_main(argc, argv);
}
