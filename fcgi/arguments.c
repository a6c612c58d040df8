#include "arguments.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <sysexits.h>

#include "log.h"

static const char usage[] =
    "usage: havedane-fcgi [-c CONF] [-s SOCKET]\n"
    "\n"
    "The service of HaveDANE, in the foreground: the API for the web server\n"
    "(FastCGI), and Postfix's look-ups of recipients (socketmap). Logs to standard\n"
    "error.\n"
    "\n"
    "  -c CONF    configuration (" HD_SYSCONFDIR "/havedane/havedane.conf)\n"
    "  -s SOCKET  unix socket to make for the web server; without it LISTEN_FDS with\n"
    "             the name \"fcgi\", descriptor 0 if it is a listening socket, or the\n"
    "             configuration's [fastcgi] socket\n"
    "  --help, --version\n"
    "\n"
    "The socket for Postfix is LISTEN_FDS with the name \"alias\", with -s too; else\n"
    "[postfix] socket; else there is none.\n"
    "\n"
    "SIGTERM and SIGINT: finish what is in hand, exit 0. SIGHUP: reload the\n"
    "configuration, all or nothing; sockets cannot change. With NOTIFY_SOCKET the\n"
    "service manager is told, WATCHDOG_USEC is served (sd_notify(3)).\n"
    "\n"
    "Exit status: 0 stopped by a signal; 64 wrong arguments; 69 the store cannot be\n"
    "used; 71 out of memory, or another system failure; 74 socket, thread or output;\n"
    "75 the store is locked; 78 wrong configuration.\n";

int
hd_arguments_parse(int argc, char *argv[], struct hd_arguments *arguments)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	*arguments = (struct hd_arguments){
	    .config_file = HD_SYSCONFDIR "/havedane/havedane.conf",
	};
	while ((option = getopt_long(argc, argv, "c:s:", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			arguments->config_file = optarg;
			break;
		case 's':
			arguments->socket = optarg;
			break;
		case 'h':
		case 'V':
			(void)fputs(
			    option == 'h' ? usage : "havedane-fcgi " PACKAGE_VERSION "\n", stdout);
			return fflush(stdout) == 0 ? -1 : EX_IOERR;
		default:
			return EX_USAGE;
		}
	}
	if (optind != argc) {
		hd_error("unexpected argument \"%s\"; see --help", argv[optind]);
		return EX_USAGE;
	}
	return EX_OK;
}
