/*
 * A running service is a configuration, a socket and a pool of threads. A
 * reload builds the next one beside the present one, and only then switches.
 */
#include "service.h"

#include <errno.h>
#include <fcgiapp.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "listener.h"
#include "log.h"
#include "pool.h"

enum { PURGE_INTERVAL = 60 }; /* seconds */

struct arguments {
	const char *config_file;
	const char *socket; /* NULL: not given */
};

struct service {
	struct hd_config *config; /* on the heap: the threads hold a pointer to it */
	struct hd_listener listener;
	struct hd_pool *pool;
};

static const char usage[] =
    "usage: havedane-fcgi [-c CONF] [-s SOCKET]\n"
    "\n"
    "The FastCGI service of HaveDANE, in the foreground; logs to standard error.\n"
    "\n"
    "  -c CONF    configuration (" HD_SYSCONFDIR "/havedane/havedane.conf)\n"
    "  -s SOCKET  unix socket to make; without it LISTEN_FDS with the name \"fcgi\",\n"
    "             descriptor 0 if it is a listening socket, or the configuration's\n"
    "  --help, --version\n"
    "\n"
    "SIGTERM and SIGINT: finish the requests in hand, exit 0. SIGHUP: reload the\n"
    "configuration, all or nothing.\n"
    "\n"
    "Exit status: 0 stopped by a signal; 64 wrong arguments; 69 the store cannot be\n"
    "used; 71 out of memory, or another system failure; 74 socket, thread or output;\n"
    "75 the store is locked; 78 wrong configuration.\n";

static enum hd_error
load(const struct arguments *arguments, struct hd_config **result)
{
	struct hd_config *config = malloc(sizeof(*config));
	enum hd_error error = HD_NO_MEMORY;

	if (config == NULL)
		hd_error("%s: out of memory", arguments->config_file);
	else
		error = hd_config_load(arguments->config_file, config);
	if (error == HD_OK && config->postfix_socket[0] != '\0') {
		hd_error("%s: [postfix] socket: this version answers no look-ups; leave it empty",
		    arguments->config_file);
		error = HD_CONFIG;
	}
	if (error != HD_OK) {
		free(config);
		config = NULL;
	}
	*result = config;
	return error;
}

static void
stop(struct service *service)
{
	hd_pool_stop(service->pool);
	hd_listener_close(&service->listener);
	free(service->config);
}

static enum hd_error
start(const struct arguments *arguments, struct service *service)
{
	enum hd_error error;

	*service = (struct service){.listener = {.fd = -1}};
	error = load(arguments, &service->config);
	if (error == HD_OK)
		error = hd_listener_open(arguments->socket, service->config, &service->listener);
	if (error == HD_OK)
		error = hd_pool_start(service->config, service->listener.fd, &service->pool);
	if (error != HD_OK)
		stop(service);
	return error;
}

/* We made the socket, and the configuration wants another one, or another group for it. */
static bool
needs_new_socket(
    const struct arguments *arguments, const struct service *service, const struct hd_config *next)
{
	if (service->listener.path[0] == '\0')
		return false;
	return strcmp(next->fastcgi_group, service->config->fastcgi_group) != 0 ||
	       (arguments->socket == NULL &&
		   strcmp(next->fastcgi_socket, service->config->fastcgi_socket) != 0);
}

static void
reload(const struct arguments *arguments, struct service *service)
{
	struct service next = {.listener = {.fd = -1}};
	enum hd_error error = load(arguments, &next.config);

	if (error == HD_OK && needs_new_socket(arguments, service, next.config)) {
		hd_error("the socket cannot change while the service runs: restart it");
		error = HD_CONFIG;
	}
	if (error == HD_OK)
		error = hd_pool_start(next.config, service->listener.fd, &next.pool);
	if (error != HD_OK) {
		hd_error("reload refused, going on as before: %s", hd_strerror(error));
		free(next.config);
		return;
	}
	hd_pool_stop(service->pool);
	free(service->config);
	service->pool = next.pool;
	service->config = next.config;
	hd_info("reloaded: domain=%s threads=%d", service->config->domain,
	    (int)service->config->threads);
}

static time_t
monotonic_seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* run - until SIGTERM or SIGINT; the signals are blocked in all threads */
static void
run(const struct arguments *arguments, struct service *service, const sigset_t *signals)
{
	time_t next_purge = monotonic_seconds();

	for (;;) {
		struct timespec wait = {0};
		int number;

		if (monotonic_seconds() >= next_purge) {
			hd_pool_purge(service->pool);
			next_purge = monotonic_seconds() + PURGE_INTERVAL;
		}
		wait.tv_sec = next_purge - monotonic_seconds();
		if (wait.tv_sec < 1)
			wait.tv_sec = 1;
		number = sigtimedwait(signals, NULL, &wait);
		if (number == SIGHUP)
			reload(arguments, service);
		else if (number == SIGTERM || number == SIGINT)
			return;
	}
}

/*
 * After FCGX_Init, which sets handlers of its own. SIGUSR1 would make libfcgi
 * stop accepting; a client that has gone is an error of write(2), no signal.
 */
static bool
set_signals(sigset_t *signals)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	return sigemptyset(&ignore.sa_mask) == 0 && sigaction(SIGPIPE, &ignore, NULL) == 0 &&
	       sigaction(SIGUSR1, &ignore, NULL) == 0 && sigemptyset(signals) == 0 &&
	       sigaddset(signals, SIGTERM) == 0 && sigaddset(signals, SIGINT) == 0 &&
	       sigaddset(signals, SIGHUP) == 0 && pthread_sigmask(SIG_BLOCK, signals, NULL) == 0;
}

/* parse - EX_OK: go on; -1: done (--help); else the exit status */
static int
parse(int argc, char *argv[], struct arguments *arguments)
{
	static const struct option options[] = {
	    {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {NULL, 0, NULL, 0},
	};
	int option;

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

int
hd_service_main(int argc, char *argv[])
{
	struct arguments arguments = {
	    .config_file = HD_SYSCONFDIR "/havedane/havedane.conf",
	};
	struct service service;
	enum hd_error error;
	sigset_t signals;
	int status;

	hd_log_to_stderr("havedane-fcgi");
	status = parse(argc, argv, &arguments);
	if (status != EX_OK)
		return status < 0 ? EX_OK : status;
	if (geteuid() == 0)
		hd_warning("running as root, which nothing here needs");
	if (FCGX_Init() != 0 || !set_signals(&signals)) {
		hd_error("cannot set up libfcgi and signals: %s", strerror(errno));
		return EX_OSERR;
	}
	error = start(&arguments, &service);
	if (error != HD_OK)
		return hd_error_exit_code(error);
	hd_info("ready: domain=%s threads=%d socket=%s", service.config->domain,
	    (int)service.config->threads,
	    service.listener.path[0] == '\0' ? "inherited" : service.listener.path);
	run(&arguments, &service, &signals);
	stop(&service);
	hd_info("stopped");
	return EX_OK;
}
