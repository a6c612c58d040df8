/*
 * A running service has its sockets for good, and a generation of everything
 * that depends on the configuration. A reload starts the next generation beside
 * the present one, and only then switches.
 */
#include "service.h"

#include <errno.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "arguments.h"
#include "clients.h"
#include "clock.h"
#include "config.h"
#include "housekeeping.h"
#include "listener.h"
#include "log.h"
#include "lookup_pool.h"
#include "metrics.h"
#include "notify.h"
#include "pool.h"

/* Milliseconds: between two purges, and between two looks for offers that are owed. */
enum { PURGE_INTERVAL = 60 * 1000, TURN = 1000 };

struct generation {
	struct hd_config *config; /* on the heap: the threads hold a pointer to it */
	struct hd_housekeeping *housekeeping;
	struct hd_pool *pool;
	struct hd_lookup_pool *lookups; /* NULL: there is no socket for them */
};

struct service {
	struct hd_listeners listeners;
	struct hd_clients *clients; /* NULL: there is no socket for them */
	struct generation present;
	struct hd_notify notify;
};

static enum hd_error
load(const struct hd_arguments *arguments, struct hd_config **result)
{
	struct hd_config *config = malloc(sizeof(*config));
	enum hd_error error = HD_NO_MEMORY;

	if (config == NULL)
		hd_error("%s: out of memory", arguments->config_file);
	else
		error = hd_config_load(arguments->config_file, config);
	if (error != HD_OK) {
		free(config);
		config = NULL;
	}
	*result = config;
	return error;
}

static void
stop_generation(struct generation *generation)
{
	hd_lookup_pool_stop(generation->lookups);
	hd_pool_stop(generation->pool);
	hd_housekeeping_close(generation->housekeeping);
	free(generation->config);
	*generation = (struct generation){.config = NULL};
}

/*
 * start_generation - all but its configuration, which is there
 *
 * first: the service starts with it. That is recorded before any request can be
 * answered.
 */
static enum hd_error
start_generation(const struct service *service, bool first, struct generation *generation)
{
	enum hd_error error = hd_housekeeping_open(generation->config, &generation->housekeeping);

	if (error == HD_OK && first)
		error = hd_housekeeping_started(generation->housekeeping);
	if (error == HD_OK)
		error = hd_pool_start(
		    generation->config, service->listeners.fcgi.fd, &generation->pool);
	if (error == HD_OK && service->clients != NULL)
		error = hd_lookup_pool_start(
		    generation->config, service->clients, &generation->lookups);
	return error;
}

static void
stop(struct service *service)
{
	hd_notify_send(&service->notify, "STOPPING=1");
	stop_generation(&service->present);
	hd_clients_close(service->clients);
	hd_listeners_close(&service->listeners);
	hd_notify_close(&service->notify);
}

static enum hd_error
start(const struct hd_arguments *arguments, struct service *service)
{
	struct generation *present = &service->present;
	enum hd_error error = load(arguments, &present->config);

	if (error == HD_OK)
		error = hd_listeners_open(arguments->socket, present->config, &service->listeners);
	if (error == HD_OK && service->listeners.alias.fd >= 0)
		error = hd_clients_open(service->listeners.alias.fd, &service->clients);
	if (error == HD_OK)
		error = start_generation(service, true, present);
	return error;
}

/* alive - for the watchdog: we have not got stuck */
static void
alive(const struct service *service)
{
	if (service->notify.interval > 0)
		hd_notify_send(&service->notify, "WATCHDOG=1");
}

static void
reload(const struct hd_arguments *arguments, struct service *service)
{
	struct generation next = {.config = NULL};
	enum hd_error error;

	hd_notify_reloading(&service->notify);
	alive(service);
	error = load(arguments, &next.config);
	if (error == HD_OK && hd_listeners_differ(&service->listeners, arguments->socket != NULL,
				  service->present.config, next.config)) {
		hd_error("the sockets cannot change while the service runs: restart it");
		error = HD_CONFIG;
	}
	if (error == HD_OK)
		error = start_generation(service, false, &next);
	alive(service);
	if (error == HD_OK) {
		/* It may take as long as we wait for a client that is silent. */
		stop_generation(&service->present);
		service->present = next;
		hd_info("reloaded: domain=%s threads=%d", next.config->domain,
		    (int)next.config->threads);
	} else {
		stop_generation(&next);
		hd_error("reload refused, going on as before: %s", hd_strerror(error));
	}
	hd_notify_send(&service->notify, "READY=1");
}

/* wait_signal - for so many milliseconds at most; -1: none came */
static int
wait_signal(const sigset_t *signals, int64_t milliseconds)
{
	struct timespec wait = {0};

	if (milliseconds > 0) {
		wait.tv_sec = (time_t)(milliseconds / 1000);
		wait.tv_nsec = (long)(milliseconds % 1000) * 1000000;
	}
	return sigtimedwait(signals, NULL, &wait);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * run - until SIGTERM or SIGINT; the signals are blocked in all threads
 *
 * One turn never takes long: a purge is a batch in each, so that neither a
 * signal nor the watchdog waits for all of it.
 */
static void
run(const struct hd_arguments *arguments, struct service *service, const sigset_t *signals)
{
	const int64_t interval = service->notify.interval;
	int64_t next_purge = hd_time_monotonic(), next_ping = next_purge;

	for (;;) {
		int64_t next;
		int number;

		if (interval > 0 && hd_time_monotonic() >= next_ping) {
			alive(service);
			next_ping = hd_time_monotonic() + interval;
		}
		if (hd_time_monotonic() >= next_purge &&
		    !hd_housekeeping_purge(service->present.housekeeping))
			next_purge = hd_time_monotonic() + PURGE_INTERVAL;
		hd_housekeeping_settle(service->present.housekeeping);
		next = earlier(hd_time_monotonic() + TURN, next_purge);
		if (interval > 0)
			next = earlier(next, next_ping);
		number = wait_signal(signals, next - hd_time_monotonic());
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

/* where - a socket, for the log */
static const char *
where(const struct hd_unix_socket *listener)
{
	if (listener->fd < 0)
		return "none";
	return listener->path[0] == '\0' ? "inherited" : listener->path;
}

int
hd_service_main(int argc, char *argv[])
{
	struct service service = {.listeners = {.fcgi = {.fd = -1}, .alias = {.fd = -1}}};
	struct hd_arguments arguments;
	enum hd_error error;
	sigset_t signals;
	int status;

	hd_log_to_stderr("havedane-fcgi");
	status = hd_arguments_parse(argc, argv, &arguments);
	if (status != EX_OK)
		return status < 0 ? EX_OK : status;
	if (geteuid() == 0)
		hd_warning("running as root, which nothing here needs");
	if (FCGX_Init() != 0 || !set_signals(&signals)) {
		hd_error("cannot set up libfcgi and signals: %s", strerror(errno));
		return EX_OSERR;
	}
	hd_metrics_started(hd_time_now());
	hd_notify_open(&service.notify);
	error = start(&arguments, &service);
	if (error == HD_OK) {
		hd_notify_send(&service.notify, "READY=1");
		hd_info("ready: domain=%s threads=%d socket=%s alias_socket=%s",
		    service.present.config->domain, (int)service.present.config->threads,
		    where(&service.listeners.fcgi), where(&service.listeners.alias));
		run(&arguments, &service, &signals);
	}
	stop(&service);
	if (error == HD_OK)
		hd_info("stopped");
	return error == HD_OK ? EX_OK : hd_error_exit_code(error);
}
