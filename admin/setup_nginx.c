/* The site for nginx: made once, as its sysadmin will add a certificate to it. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "setup.h"

#define TEMPLATE  HD_PKGDATADIR "/nginx/havedane.conf"
#define AVAILABLE "/etc/nginx/sites-available"
#define ENABLED   "/etc/nginx/sites-enabled"
#define CONF_D    "/etc/nginx/conf.d"
#define SITE      "/havedane.conf"

enum { TARGET_SIZE = 64 };

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

/* print_line - with the name and the socket of this installation */
static void
print_line(FILE *out, const char *line, size_t length, const struct hd_config *config)
{
	static const char name[] = "server_name ", pass[] = "fastcgi_pass unix:";
	size_t indent = strspn(line, " \t");

	if (strncmp(line + indent, name, strlen(name)) == 0)
		(void)fprintf(out, "%.*s%s%s;\n", (int)indent, line, name, config->domain);
	else if (strncmp(line + indent, pass, strlen(pass)) == 0)
		(void)fprintf(out, "%.*s%s%s;\n", (int)indent, line, pass, config->fastcgi_socket);
	else
		(void)fwrite(line, 1, length, out);
}

/* make_site - *site is the caller's to free */
static enum hd_error
make_site(const struct hd_config *config, char **site, size_t *site_size)
{
	char *template;
	size_t size;
	enum hd_error error = hd_setup_read(TEMPLATE, &template, &size);
	FILE *out;

	if (error != HD_OK) {
		hd_error(TEMPLATE " is missing: install HaveDANE again");
		return HD_CONFIG;
	}
	out = open_memstream(site, site_size);
	if (out != NULL) {
		for (const char *line = template; *line != '\0';) {
			size_t length = strcspn(line, "\n");

			length += line[length] == '\n';
			print_line(out, line, length, config);
			line += length;
		}
		error = fclose(out) == 0 ? HD_OK : HD_NO_MEMORY;
	}
	free(template);
	if (out == NULL || error != HD_OK) {
		hd_error(TEMPLATE ": %s", hd_strerror(HD_NO_MEMORY));
		return HD_NO_MEMORY;
	}
	return HD_OK;
}

enum hd_error
hd_setup_nginx(struct hd_setup *setup)
{
	const struct hd_setup_owner owner = hd_setup_owner_root(0644);
	enum hd_error error = HD_OK;
	char *site;
	size_t size;

	if (!hd_setup_has("nginx")) {
		hd_setup_note(setup,
		    "nginx is not installed: without a web server there is no page. "
		    "apt install nginx, and run setup again");
		return HD_OK;
	}
	if (!is_there(site_path())) {
		error = make_site(&setup->config, &site, &size);
		if (error != HD_OK)
			return error;
		error = hd_setup_file(setup, site_path(), site, size, &owner);
		free(site);
	}
	if (error == HD_OK && has_links())
		error = hd_setup_link(setup, ENABLED SITE, "../sites-available" SITE);
	return error;
}

/* is_untouched - whether the site is as setup makes it */
static bool
is_untouched(const struct hd_setup *setup)
{
	struct hd_config config;
	char *found, *site;
	size_t found_size, size;
	bool same;

	if (access(setup->conf, R_OK) != 0 || hd_config_load(setup->conf, &config) != HD_OK ||
	    hd_setup_read(site_path(), &found, &found_size) != HD_OK)
		return false;
	if (make_site(&config, &site, &size) != HD_OK) {
		free(found);
		return false;
	}
	same = found_size == size && memcmp(found, site, size) == 0;
	free(found);
	free(site);
	return same;
}

enum hd_error
hd_setup_remove_nginx(struct hd_setup *setup)
{
	char target[TARGET_SIZE] = "";
	enum hd_error error = HD_OK;

	if (readlink(ENABLED SITE, target, sizeof(target) - 1) >= 0 &&
	    strcmp(target, "../sites-available" SITE) == 0)
		error = hd_setup_delete(setup, ENABLED SITE);
	if (error != HD_OK || !is_there(site_path()))
		return error;
	if (is_untouched(setup))
		return hd_setup_delete(setup, site_path());
	hd_setup_note(setup, "%s stays: it was changed since", site_path());
	return HD_OK;
}
