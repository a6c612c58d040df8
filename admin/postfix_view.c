#include "postfix_view.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

enum { SMTP_PORT = 25 };

/* is_smtp - whether an inet service's name (HOST:PORT or PORT) is of port 25 */
static bool
is_smtp(const char *name)
{
	const char *colon = strrchr(name, ':');
	const struct servent *service;
	char *end;

	if (colon != NULL)
		name = colon + 1;
	if (strtol(name, &end, 10) == SMTP_PORT && *end == '\0')
		return true;
	/* "mail" is another name of it. */
	service = getservbyname(name, "tcp");
	return strcmp(name, "smtp") == 0 ||
	       (service != NULL && ntohs((uint16_t)service->s_port) == SMTP_PORT);
}

enum { NAME, TYPE, PROCESSES = 6, COMMAND, FIELDS };

/* split - a line of master.cf: name, type, five flags, command; false: it is none */
static bool
split(char *line, char *fields[FIELDS])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *field = strtok_r(line, " \t", &rest); field != NULL && count < FIELDS;
	     field = strtok_r(NULL, " \t", &rest))
		fields[count++] = field;
	return count == FIELDS;
}

/* cleans_up - whether a service that takes mail hands it to the cleanup service of this name */
static bool
cleans_up(const struct hd_postfix_view *view, const char *name)
{
	for (size_t i = 0; i < view->count; i++) {
		const struct hd_postfix_service *service = &view->services[i];

		if (service->role == HD_POSTFIX_TAKE &&
		    strcmp(hd_postfix_view_at(view, service, "cleanup_service_name", true), name) ==
			0)
			return true;
	}
	return false;
}

/* is_role - whether a line of master.cf has this role, when those before it are known */
static bool
is_role(const struct hd_postfix_view *view, enum hd_postfix_role role, char *const fields[FIELDS])
{
	const bool inet = strcmp(fields[TYPE], "inet") == 0 && is_smtp(fields[NAME]);
	const bool screen = strcmp(fields[COMMAND], "postscreen") == 0;

	switch (role) {
	case HD_POSTFIX_SCREEN:
		return inet && screen;
	case HD_POSTFIX_TAKE:
		return (inet && !screen) ||
		       (strcmp(fields[TYPE], "pass") == 0 && strcmp(fields[COMMAND], "smtpd") == 0);
	case HD_POSTFIX_CLEAN:
		return strcmp(fields[COMMAND], "cleanup") == 0 && cleans_up(view, fields[NAME]);
	case HD_POSTFIX_LOCAL:
		return strcmp(fields[COMMAND], "local") == 0;
	}
	return false;
}

/* load_own - a service's parameters, with its own laid over main.cf's */
static enum hd_error
load_own(const struct hd_postfix_view *view, struct hd_postfix_service *service)
{
	const struct hd_postconf_list *overrides = &view->overrides;
	const size_t length = strlen(service->name);
	char *over[HD_POSTCONF_OVER_MAX + 1] = {NULL};
	size_t count = 0;
	enum hd_error error = HD_OK;

	for (size_t at = 0; error == HD_OK && at < overrides->size;
	     at += strlen(overrides->lines + at) + 1) {
		const char *line = overrides->lines + at;

		if (strncmp(line, service->name, length) != 0 || line[length] != '/')
			continue;
		if (count == HD_POSTCONF_OVER_MAX) {
			hd_error("master.cf: %s has more than %d parameters", service->name,
			    HD_POSTCONF_OVER_MAX);
			error = HD_CONFIG;
		} else if ((over[count++] = strdup(line + length + 1)) == NULL)
			error = HD_NO_MEMORY;
	}
	if (error == HD_OK && count > 0)
		error = hd_postconf_list_load_over(
		    view->folder, NULL, (const char *const *)over, &service->all);
	if (error == HD_OK && count > 0)
		error = hd_postconf_list_load_over(
		    view->folder, "-x", (const char *const *)over, &service->expanded);
	for (size_t i = 0; i < count; i++)
		free(over[i]);
	return error;
}

static enum hd_error
add_service(struct hd_postfix_view *view, enum hd_postfix_role role, char *const fields[FIELDS])
{
	struct hd_postfix_service *service = &view->services[view->count];

	if (view->count == HD_POSTFIX_SERVICES_MAX) {
		hd_error("master.cf: more than %d services take mail", HD_POSTFIX_SERVICES_MAX);
		return HD_CONFIG;
	}
	service->role = role;
	service->processes =
	    fields[PROCESSES][0] == '-' ? -1 : (int)strtol(fields[PROCESSES], NULL, 10);
	(void)snprintf(service->name, sizeof(service->name), "%s/%s", fields[NAME], fields[TYPE]);
	view->count++;
	return load_own(view, service);
}

static enum hd_error
find_services(struct hd_postfix_view *view, enum hd_postfix_role role)
{
	struct hd_postconf_list services;
	enum hd_error error = hd_postconf_list_load(view->folder, "-M", &services);

	for (size_t at = 0, next; error == HD_OK && at < services.size; at = next) {
		char *fields[FIELDS];

		next = at + strlen(services.lines + at) + 1;
		if (split(services.lines + at, fields) && is_role(view, role, fields))
			error = add_service(view, role, fields);
	}
	hd_postconf_list_clear(&services);
	return error;
}

enum hd_error
hd_postfix_view_load(const char *folder, struct hd_postfix_view *view)
{
	static const enum hd_postfix_role roles[] = {
	    HD_POSTFIX_SCREEN, HD_POSTFIX_TAKE, HD_POSTFIX_CLEAN, HD_POSTFIX_LOCAL};
	enum hd_error error;

	*view = (struct hd_postfix_view){.folder = folder};
	error = hd_postconf_load(folder, &view->parameters);
	if (error == HD_OK)
		error = hd_postconf_list_load(folder, "-P", &view->overrides);
	for (size_t i = 0; error == HD_OK && i < sizeof(roles) / sizeof(roles[0]); i++)
		error = find_services(view, roles[i]);
	return error;
}

void
hd_postfix_view_clear(struct hd_postfix_view *view)
{
	hd_postconf_clear(&view->parameters);
	hd_postconf_list_clear(&view->overrides);
	for (size_t i = 0; i < view->count; i++) {
		hd_postconf_list_clear(&view->services[i].all);
		hd_postconf_list_clear(&view->services[i].expanded);
	}
	view->count = 0;
}

const char *
hd_postfix_view_at(const struct hd_postfix_view *view, const struct hd_postfix_service *service,
    const char *name, bool expanded)
{
	const char *value = NULL;

	if (service != NULL)
		value = hd_postconf_list_find(expanded ? &service->expanded : &service->all, name);
	if (value != NULL)
		return value;
	return expanded ? hd_postconf_expanded(&view->parameters, name)
			: hd_postconf_get(&view->parameters, name);
}

const char *
hd_postfix_view_get(const struct hd_postfix_view *view, const char *name, bool expanded)
{
	const struct hd_postfix_service *taker = NULL;

	for (size_t i = 0; taker == NULL && i < view->count; i++) {
		if (view->services[i].role == HD_POSTFIX_TAKE)
			taker = &view->services[i];
	}
	return hd_postfix_view_at(view, taker, name, expanded);
}

bool
hd_postfix_view_knows(const struct hd_postfix_view *view, const char *name)
{
	return hd_postconf_list_find(&view->parameters.all, name) != NULL;
}

bool
hd_postfix_view_overrides(
    const struct hd_postfix_view *view, const struct hd_postfix_service *service, const char *name)
{
	char full[HD_POSTFIX_SERVICE_SIZE + 128];

	(void)snprintf(full, sizeof(full), "%s/%s", service->name, name);
	return hd_postconf_list_find(&view->overrides, full) != NULL;
}

bool
hd_postfix_view_repeats(
    const struct hd_postfix_view *view, const struct hd_postfix_service *service, const char *name)
{
	const char *value = hd_postfix_view_at(view, service, name, true);

	for (const struct hd_postfix_service *other = view->services; other < service; other++) {
		if (other->role == service->role &&
		    strcmp(hd_postfix_view_at(view, other, name, true), value) == 0)
			return true;
	}
	return false;
}
