/* The table of commands. */
#include "command.h"

#define TLS_DIR  HD_SYSCONFDIR "/havedane/tls"
#define MAPS_DIR HD_SYSCONFDIR "/havedane/postfix"
/* Debian's package dns-root-data keeps it up to date. */
#define ROOT_ANCHOR "/usr/share/dns/root.key"

const struct hd_command hd_commands[] = {
    {
	.name = "setup",
	.arguments =
	    "[--dry-run] [--domain DOMAIN] [--ipv4 ADDR] [--ipv6 ADDR]\n"
	    "           [--tls-certificate FILE --tls-key FILE] [--catch-all] [--limits] |\n"
	    "           --remove [--purge] [--dry-run]",
	.summary = "put all of an installation in place, or take it away",
	.help =
	    "Makes the user havedane, configuration, database, keys and certificates, the maps\n"
	    "and parameters of Postfix and the site of nginx, starts the service where systemd\n"
	    "runs, and has Postfix and nginx reload; each change is told. What is there and\n"
	    "right stays as it is; keys, database and configuration are never overwritten. On\n"
	    "a Postfix that serves other domains, too, it only adds to lists. For root.\n"
	    "\n"
	    "  --dry-run        only tell what would be changed\n"
	    "  --domain DOMAIN  the base domain, when there is no configuration yet\n"
	    "  --ipv4 ADDR      the mail server's address, for the advice at the end\n"
	    "  --ipv6 ADDR      its IPv6 address, if it has one\n"
	    "  --tls-certificate FILE, --tls-key FILE\n"
	    "                   have nginx serve the page by https, with a certificate that\n"
	    "                   browsers trust; http then only leads there\n"
	    "  --catch-all      take mail for any alias, instead of refusing what is for none.\n"
	    "                   Then a hook that fails for the probe \"wrong\" alone makes any\n"
	    "                   sender look like one that verifies DANE, as nothing tells that\n"
	    "                   its message was offered\n"
	    "  --limits         on a Postfix that serves others, too: set what makes a public\n"
	    "                   test server of it, nonetheless\n"
	    "  --remove         give Postfix back what it had, and remove what setup has made;\n"
	    "                   not while Postfix's queue has messages for the hook\n"
	    "  --purge          these messages, configuration, keys, database and user, too\n",
	.options = {[SETUP_DOMAIN] = {"domain", NULL, true},
	    [SETUP_IPV4] = {"ipv4", NULL, true},
	    [SETUP_IPV6] = {"ipv6", NULL, true},
	    [SETUP_TLS_CERTIFICATE] = {"tls-certificate", NULL, true},
	    [SETUP_TLS_KEY] = {"tls-key", NULL, true},
	    [SETUP_CATCH_ALL] = {"catch-all", NULL, false},
	    [SETUP_LIMITS] = {"limits", NULL, false},
	    [SETUP_DRY_RUN] = {"dry-run", NULL, false},
	    [SETUP_REMOVE] = {"remove", NULL, false},
	    [SETUP_PURGE] = {"purge", NULL, false}},
	.at_once = true,
	.without_config = true,
	.run = hd_command_setup,
    },
    {
	.name = "init",
	.arguments = "",
	.summary = "create the database",
	.help = "Creates the database that CONF names, mode 0600. Made by root, it gets the owner\n"
		"of its folder. One that is there already is checked, and migrated if it is of an\n"
		"older version.\n",
	.run = hd_command_init,
    },
    {
	.name = "cert",
	.arguments = "[--dir DIR] [--days N]",
	.summary = "make the mail server's certificate and its CA",
	.help =
	    "Makes ca.key, ca.pem, server.key and server.pem, once: nothing is overwritten, and\n"
	    "a complete set is only checked.\n"
	    "\n"
	    "  --dir DIR   the folder, made if its parent is there (" TLS_DIR ")\n"
	    "  --days N    days of validity, 1 to 365250 (36500)\n",
	.options = {[CERT_DIR] = {"dir", TLS_DIR, true}, [CERT_DAYS] = {"days", "36500", true}},
	.run = hd_command_cert,
    },
    {
	.name = "dns",
	.arguments = "--ipv4 ADDR [--ipv6 ADDR] [--ttl SECONDS] [--dir DIR] [--format FORMAT]",
	.summary = "print the DNS records to publish",
	.help = "Prints the records of all probes, for a zone signed with DNSSEC: only signatures\n"
		"prove to senders that a record is right, or that there is none.\n"
		"\n"
		"  --ipv4 ADDR     the mail server's address\n"
		"  --ipv6 ADDR     its IPv6 address, if it has one\n"
		"  --ttl SECONDS   time to live of each record, 0 to 2147483647 (300)\n"
		"  --dir DIR       the folder that \"cert\" has filled (" TLS_DIR ")\n"
		"  --format FORMAT bind, a zone file; generic, the same with TLSA in the form of\n"
		"                  RFC 3597, for software that does not know it; or json, to fill\n"
		"                  a provider's form from (bind)\n",
	.options = {[DNS_DIR] = {"dir", TLS_DIR, true},
	    [DNS_IPV4] = {"ipv4", NULL, true},
	    [DNS_IPV6] = {"ipv6", NULL, true},
	    [DNS_TTL] = {"ttl", "300", true},
	    [DNS_FORMAT] = {"format", "bind", true}},
	.run = hd_command_dns,
    },
    {
	.name = "postfix",
	.arguments = "[--catch-all] [--tls DIR] [--maps DIR] [main.cf|virtual|aliases|probes]",
	.summary = "print the set-up of Postfix",
	.help =
	    "Prints Postfix's settings and maps for this installation: one of them, or all that\n"
	    "are needed, each with comments on what to do with it. \"setup\" puts them in place.\n"
	    "\n"
	    "  --catch-all  take mail for any alias, and drop what is for none; so it is without\n"
	    "               a [postfix] socket, where Postfix asks which aliases are live\n"
	    "  --tls DIR    the folder that \"cert\" has filled (" TLS_DIR ")\n"
	    "  --maps DIR   the folder where the maps will be (" MAPS_DIR ")\n",
	.options = {[POSTFIX_TLS] = {"tls", TLS_DIR, true},
	    [POSTFIX_MAPS] = {"maps", MAPS_DIR, true},
	    [POSTFIX_CATCH_ALL] = {"catch-all", NULL, false}},
	.operands_max = 1,
	.run = hd_command_postfix,
    },
    {
	.name = "show",
	.arguments = "[--json] ALIAS",
	.summary = "show a test",
	.help = "Shows what was recorded for the test of this alias, the verdict, and what that\n"
		"means; as GET /t/ALIAS does.\n"
		"\n"
		"  --json   in the form of the HTTP API\n",
	.options = {[SHOW_JSON] = {"json", NULL, false}},
	.operands_min = 1,
	.operands_max = 1,
	.run = hd_command_show,
    },
    {
	.name = "purge",
	.arguments = "",
	.summary = "delete expired tests",
	.help = "Deletes the tests that are older than CONF's retention, as the service does each\n"
		"minute, and prints how many.\n",
	.run = hd_command_purge,
    },
    {
	.name = "check",
	.arguments = "[--json] [--resolver ADDR[@PORT]] [--trust-anchor FILE] [--tls DIR]\n"
		     "           [--maps DIR] [--postfix DIR] [--web ADDR[:PORT]] [GROUP...]",
	.summary = "say whether everything is right, DNS included",
	.help =
	    "Goes through the whole installation and prints a line per point: ok, warning,\n"
	    "failure, or unknown where it cannot be told from here, with the cause and what mends\n"
	    "it. Nothing is changed, but that \"rcpt\" makes a test, asks port 25 as a sender "
	    "would\n"
	    "whether it takes mail for it, and deletes the test again. GROUP: only points of that\n"
	    "group: store, cert, dns, tlsa, smtp, rcpt, postfix, maps, hook, alias, fair or web.\n"
	    "\n"
	    "  --json                  for programs\n"
	    "  --resolver ADDR[@PORT]  the DNS server to ask, which need not validate (that of\n"
	    "                          /etc/resolv.conf, or else the zone's own)\n"
	    "  --trust-anchor FILE     the key that DNSSEC hangs on (" ROOT_ANCHOR ")\n"
	    "  --tls DIR               the folder that \"cert\" has filled (" TLS_DIR ")\n"
	    "  --maps DIR              the folder of Postfix's maps (" MAPS_DIR ")\n"
	    "  --postfix DIR           the folder of main.cf (Postfix's own)\n"
	    "  --web ADDR[:PORT]       where nginx serves the page (127.0.0.1:80)\n",
	.options = {[CHECK_JSON] = {"json", NULL, false},
	    [CHECK_RESOLVER] = {"resolver", NULL, true},
	    [CHECK_ANCHOR] = {"trust-anchor", ROOT_ANCHOR, true},
	    [CHECK_TLS] = {"tls", TLS_DIR, true},
	    [CHECK_MAPS] = {"maps", MAPS_DIR, true},
	    [CHECK_POSTFIX] = {"postfix", NULL, true},
	    [CHECK_WEB] = {"web", "127.0.0.1:80", true}},
	.operands_max = 32,
	.without_config = true,
	.run = hd_command_check,
    },
    {.name = NULL},
};
