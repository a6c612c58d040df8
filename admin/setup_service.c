/* Programs that run: the service, Postfix, nginx; and what they say of their configuration. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "setup.h"

#define NGINX_PID HD_RUNSTATEDIR "/nginx.pid"

/* The sockets first: the service would make its own. */
#define UNITS "havedane-fcgi.socket", "havedane-alias.socket", "havedane-fcgi.service"

static const char *const units[] = {UNITS};

enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]) };

/* must_run - as hd_setup_run; that there is no such program is an error */
static enum hd_error
must_run(const char *const *argv)
{
	enum hd_error error = hd_setup_run(argv);

	if (error != HD_NONE)
		return error;
	hd_error("%s is not installed", argv[0]);
	return HD_CONFIG;
}

/* --- verify */

enum hd_error
hd_setup_verify(struct hd_setup *setup)
{
	static const char *const postfix[] = {"postfix", "check", NULL};
	static const char *const nginx[] = {"nginx", "-t", NULL};
	enum hd_error error = HD_OK;

	if (setup->dry_run || !setup->state.pending)
		return HD_OK;
	if (hd_setup_has("postfix"))
		error = must_run(postfix);
	if (error == HD_CONFIG)
		hd_error(
		    "what is wrong, \"postfix check\" says on a terminal, and in the mail log");
	if (error == HD_OK && hd_setup_has("nginx"))
		error = must_run(nginx);
	if (error == HD_OK)
		hd_setup_note(setup, "Postfix and nginx find nothing wrong with it");
	return error;
}

/* --- the service, where systemd runs */

static bool
unit_is(const char *what, const char *unit)
{
	const char *const argv[] = {"systemctl", what, "--quiet", unit, NULL};

	return hd_setup_ask(argv) == 0;
}

static bool
units_are_there(void)
{
	for (unsigned i = 0; i < UNIT_COUNT; i++) {
		const char *const argv[] = {"systemctl", "cat", units[i], NULL};

		if (hd_setup_ask(argv) != 0)
			return false;
	}
	return true;
}

static bool
units_are_up(void)
{
	for (unsigned i = 0; i < UNIT_COUNT; i++) {
		if (!unit_is("is-enabled", units[i]) || !unit_is("is-active", units[i]))
			return false;
	}
	return true;
}

static enum hd_error
start_units(struct hd_setup *setup)
{
	static const char *const reload[] = {"systemctl", "daemon-reload", NULL};
	static const char *const enable[] = {"systemctl", "enable", "--now", UNITS, NULL};
	enum hd_error error = HD_OK;

	if (!setup->dry_run) {
		error = must_run(reload);
		if (error == HD_OK)
			error = must_run(enable);
	}
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_ENABLE, "and started %s, %s and %s", units[0],
		    units[1], units[2]);
	return error;
}

enum hd_error
hd_setup_service(struct hd_setup *setup)
{
	if (!setup->systemd) {
		hd_setup_note(setup,
		    "systemd does not run here. Start the service, now and at each boot, as the "
		    "user " HD_SETUP_USER ": havedane-fcgi -c %s",
		    setup->conf);
		return HD_OK;
	}
	if (!units_are_there()) {
		hd_setup_note(setup,
		    "systemd does not find %s: configure with --with-systemdsystemunitdir, and run "
		    "setup again",
		    units[UNIT_COUNT - 1]);
		return HD_OK;
	}
	return units_are_up() ? HD_OK : start_units(setup);
}

enum hd_error
hd_setup_remove_service(struct hd_setup *setup)
{
	static const char *const disable[] = {"systemctl", "disable", "--now", UNITS, NULL};
	bool any = false;
	enum hd_error error = HD_OK;

	if (!setup->systemd || !units_are_there())
		return HD_OK;
	for (unsigned i = 0; i < UNIT_COUNT; i++)
		any = any || unit_is("is-enabled", units[i]) || unit_is("is-active", units[i]);
	if (!any)
		return HD_OK;
	if (!setup->dry_run)
		error = must_run(disable);
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_DISABLE, "and stopped %s, %s and %s", units[0],
		    units[1], units[2]);
	return error;
}

/* --- Postfix and nginx */

static bool
postfix_runs(void)
{
	static const char *const argv[] = {"postfix", "status", NULL};

	return hd_setup_ask(argv) == 0;
}

static bool
nginx_runs(void)
{
	char *text, *end;
	size_t size;
	long pid = 0;

	if (hd_setup_read(NGINX_PID, &text, &size) == HD_OK) {
		pid = strtol(text, &end, 10);
		free(text);
	}
	return pid > 0 && kill((pid_t)pid, 0) == 0;
}

static enum hd_error
run_and_tell(struct hd_setup *setup, enum hd_setup_verb verb, const char *const *argv)
{
	enum hd_error error = setup->dry_run ? HD_OK : must_run(argv);

	if (error == HD_OK)
		hd_setup_changed(setup, verb, "%s", argv[0][0] == 'n' ? "nginx" : "Postfix");
	return error;
}

static enum hd_error
reload_postfix(struct hd_setup *setup, bool changed)
{
	static const char *const reload[] = {"postfix", "reload", NULL};

	return changed && postfix_runs() ? run_and_tell(setup, HD_SETUP_RELOAD, reload) : HD_OK;
}

static enum hd_error
start_postfix(struct hd_setup *setup)
{
	static const char *const by_hand[] = {"postfix", "start", NULL};
	static const char *const by_systemd[] = {"systemctl", "start", "postfix.service", NULL};

	if (postfix_runs())
		return HD_OK;
	return run_and_tell(setup, HD_SETUP_START, setup->systemd ? by_systemd : by_hand);
}

static enum hd_error
reload_nginx(struct hd_setup *setup, bool changed)
{
	static const char *const reload[] = {"nginx", "-s", "reload", NULL};

	if (!hd_setup_has("nginx"))
		return HD_OK;
	if (nginx_runs())
		return changed ? run_and_tell(setup, HD_SETUP_RELOAD, reload) : HD_OK;
	hd_setup_note(setup, "nginx does not run: start it, and there is the page");
	return HD_OK;
}

/* settle - all that was changed is in effect */
static enum hd_error
settle(struct hd_setup *setup)
{
	if (setup->dry_run || !setup->state.pending)
		return HD_OK;
	setup->state.pending = false;
	return hd_setup_state_save(&setup->state);
}

/* is_changed - something of what they read; in a dry run that is not known as exactly */
static bool
is_changed(const struct hd_setup *setup)
{
	return setup->state.pending || (setup->dry_run && setup->changes > 0);
}

enum hd_error
hd_setup_reload(struct hd_setup *setup)
{
	const bool changed = is_changed(setup);
	enum hd_error error = reload_postfix(setup, changed);

	if (error == HD_OK)
		error = start_postfix(setup);
	if (error == HD_OK)
		error = reload_nginx(setup, changed);
	return error == HD_OK ? settle(setup) : error;
}

enum hd_error
hd_setup_remove_reload(struct hd_setup *setup)
{
	const bool changed = is_changed(setup);
	enum hd_error error = HD_OK;

	if (hd_setup_has("postfix"))
		error = reload_postfix(setup, changed);
	if (error == HD_OK && changed && hd_setup_has("nginx") && nginx_runs())
		error = reload_nginx(setup, changed);
	return error;
}
