/* The site for nginx, plain or with TLS: what somebody changed in it is never overwritten. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "setup.h"

#define PLAIN     HD_PKGDATADIR "/nginx/havedane.conf"
#define TLS       HD_PKGDATADIR "/nginx/havedane-tls.conf"
#define AVAILABLE "/etc/nginx/sites-available"
#define ENABLED   "/etc/nginx/sites-enabled"
#define CONF_D    "/etc/nginx/conf.d"
#define SITE      "/havedane.conf"

enum { TARGET_SIZE = 64 };

/* What differs in each installation; plain without a certificate. */
struct site {
	const char *domain, *socket;
	const char *certificate, *key;
};

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* has_links - whether sites are put aside and linked to, as Debian does it */
static bool
has_links(void)
{
	return is_there(AVAILABLE) && is_there(ENABLED);
}

static const char *
site_path(void)
{
	return has_links() ? AVAILABLE SITE : CONF_D SITE;
}

/* print_line - of the template, with the site's own values in it */
static void
print_line(FILE *out, const char *line, size_t length, const struct site *site)
{
	const struct {
		const char *directive;
		const char *value;
	} values[] = {
	    {"server_name ", site->domain},
	    {"server unix:", site->socket},
	    {"ssl_certificate ", site->certificate},
	    {"ssl_certificate_key ", site->key},
	};
	const size_t indent = strspn(line, " \t");

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (strncmp(line + indent, values[i].directive, strlen(values[i].directive)) != 0)
			continue;
		(void)fprintf(
		    out, "%.*s%s%s;\n", (int)indent, line, values[i].directive, values[i].value);
		return;
	}
	(void)fwrite(line, 1, length, out);
}

/* make_site - *bytes is the caller's to free */
static enum hd_error
make_site(const struct site *site, char **bytes, size_t *bytes_size)
{
	const char *path = site->certificate == NULL ? PLAIN : TLS;
	char *template;
	size_t size;
	enum hd_error error = hd_setup_read(path, &template, &size);
	FILE *out;

	if (error != HD_OK) {
		hd_error("%s is missing: install HaveDANE again", path);
		return HD_CONFIG;
	}
	out = open_memstream(bytes, bytes_size);
	if (out != NULL) {
		for (const char *line = template; *line != '\0';) {
			size_t length = strcspn(line, "\n");

			length += line[length] == '\n';
			print_line(out, line, length, site);
			line += length;
		}
		error = fclose(out) == 0 ? HD_OK : HD_NO_MEMORY;
	}
	free(template);
	if (out == NULL || error != HD_OK) {
		hd_error("%s: %s", path, hd_strerror(HD_NO_MEMORY));
		return HD_NO_MEMORY;
	}
	return HD_OK;
}

/* value_of - of the first line with this directive; NULL: there is none. The caller's to free */
static char *
value_of(const char *site, const char *directive)
{
	const char *line = site;

	while (line != NULL) {
		line += strspn(line, " \t\n");
		if (strncmp(line, directive, strlen(directive)) == 0) {
			line += strlen(directive);
			return strndup(line, strcspn(line, ";\n"));
		}
		line = strchr(line, '\n');
	}
	return NULL;
}

/* is_untouched - whether the site is as setup made it for this configuration, plain or with TLS */
static bool
is_untouched(const struct hd_config *config)
{
	struct site site = {.domain = config->domain, .socket = config->fastcgi_socket};
	char *found, *certificate, *key, *made = NULL;
	size_t found_size, made_size;
	bool same = false;

	if (hd_setup_read(site_path(), &found, &found_size) != HD_OK)
		return false;
	certificate = value_of(found, "ssl_certificate ");
	key = value_of(found, "ssl_certificate_key ");
	if (certificate != NULL && key != NULL) {
		site.certificate = certificate;
		site.key = key;
	}
	if (make_site(&site, &made, &made_size) == HD_OK) {
		same = found_size == made_size && memcmp(found, made, made_size) == 0;
		free(made);
	}
	free(key);
	free(certificate);
	free(found);
	return same;
}

static enum hd_error
write_site(struct hd_setup *setup)
{
	const struct hd_setup_owner owner = hd_setup_owner_root(0644);
	const struct site site = {setup->config.domain, setup->config.fastcgi_socket,
	    setup->tls_certificate, setup->tls_key};
	char *bytes;
	size_t size;
	enum hd_error error = make_site(&site, &bytes, &size);

	if (error != HD_OK)
		return error;
	error = hd_setup_file(setup, site_path(), bytes, size, &owner);
	free(bytes);
	return error;
}

enum hd_error
hd_setup_nginx(struct hd_setup *setup)
{
	enum hd_error error = HD_OK;

	if (!hd_setup_has("nginx")) {
		hd_setup_note(setup,
		    "nginx is not installed: without a web server there is no page. "
		    "apt install nginx, and run setup again");
		return HD_OK;
	}
	if (!is_there(site_path()) ||
	    (setup->tls_certificate != NULL && is_untouched(&setup->config)))
		error = write_site(setup);
	else if (setup->tls_certificate != NULL)
		hd_setup_note(setup,
		    "%s stays, as it was changed since: move it away for one with TLS, as " TLS,
		    site_path());
	if (error == HD_OK && has_links())
		error = hd_setup_link(setup, ENABLED SITE, "../sites-available" SITE);
	return error;
}

enum hd_error
hd_setup_remove_nginx(struct hd_setup *setup)
{
	char target[TARGET_SIZE] = "";
	struct hd_config config;
	enum hd_error error = HD_OK;

	if (readlink(ENABLED SITE, target, sizeof(target) - 1) >= 0 &&
	    strcmp(target, "../sites-available" SITE) == 0)
		error = hd_setup_delete(setup, ENABLED SITE);
	if (error != HD_OK || !is_there(site_path()))
		return error;
	if (access(setup->conf, R_OK) == 0 && hd_config_load(setup->conf, &config) == HD_OK &&
	    is_untouched(&config))
		return hd_setup_delete(setup, site_path());
	hd_setup_note(setup, "%s stays: it was changed since", site_path());
	return HD_OK;
}
