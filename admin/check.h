/*
 * check - "havedane check": what its groups of points share
 *
 * A group is a row in the table of command_check.c and a function here, which
 * looks at one theme and reports what it finds, each point by
 * hd_check_list_add. Nothing is changed by looking, but for the tests that
 * hd_check_rcpt makes and deletes.
 */
#ifndef HD_CHECK_H
#define HD_CHECK_H

#include <stdint.h>
#include <sys/types.h>

#include "cert.h"
#include "check_report.h"
#include "config.h"
#include "postfix_view.h"
#include "probe.h"
#include "resolver.h"
#include "smtp.h"
#include "store.h"

enum { HD_CHECK_HOST_SIZE = HD_PROBE_NAME_MAX + 1 + HD_DOMAIN_SIZE };

/* What is asked about each probe. */
enum hd_dns_question {
	HD_ASK_MX,
	HD_ASK_A,
	HD_ASK_AAAA,
	HD_ASK_CNAME,
	HD_ASK_TLSA,
	HD_ASK_TLSA_OTHER, /* at a name that is not published: found, it is a wildcard's */
	HD_ASK_STS,        /* MTA-STS (RFC 8461) */
	HD_ASK_STS_HOST,
	HD_ASK_COUNT
};

struct hd_check {
	/* from the command line */
	const char *conf;
	const char *tls;     /* folder of the certificates */
	const char *maps;    /* folder of Postfix's maps */
	const char *postfix; /* folder of main.cf; NULL: Postfix's own */
	const char *web;     /* ADDRESS[:PORT] of nginx */
	struct hd_resolver_options resolver;

	struct hd_config config;
	struct hd_check_list list;

	/* what a group finds and another needs; each says whether it is known */
	bool cert_known;
	struct hd_cert_facts cert;
	bool dns_asked, dns_usable;
	struct hd_lookup dns[HD_PROBE_COUNT][HD_ASK_COUNT];
	bool postfix_asked, postfix_usable;
	struct hd_postfix_view view;
};

/* The groups. */
void hd_check_store(struct hd_check *check);
void hd_check_cert(struct hd_check *check);
void hd_check_dns(struct hd_check *check);
void hd_check_tlsa(struct hd_check *check);
void hd_check_smtp(struct hd_check *check);
void hd_check_rcpt(struct hd_check *check);
void hd_check_postfix(struct hd_check *check);
void hd_check_maps(struct hd_check *check);
void hd_check_hook(struct hd_check *check);
void hd_check_alias(struct hd_check *check);
void hd_check_fair(struct hd_check *check);
void hd_check_web(struct hd_check *check);

/* hd_check_cert_learn - the certificates' facts into check->cert; HD_OK, or logged */
enum hd_error hd_check_cert_learn(struct hd_check *check);

/*
 * hd_check_dns_learn - ask DNS everything at once, into check->dns
 *
 * The first call asks and reports how; others repeat its result: whether there
 * is anything to judge.
 */
bool hd_check_dns_learn(struct hd_check *check);

/* hd_check_postfix_learn - read Postfix's set-up into check->view; the first call reports trouble */
bool hd_check_postfix_learn(struct hd_check *check);

/* hd_check_postfix_catch_all - whether mail for any alias is taken, without asking the service */
bool hd_check_postfix_catch_all(const struct hd_check *check);

/*
 * Parts of groups. Those that return bool say whether all is well; what is
 * not is reported.
 */

/* hd_check_space_queue - whether the queue has room enough for Postfix to take mail */
void hd_check_space_queue(struct hd_check *check);

/* hd_check_folder - who may write to the folder of Postfix's maps */
void hd_check_folder(struct hd_check *check);

/* hd_check_restrictions - lists of a service that may refuse one message of three */
bool hd_check_restrictions(struct hd_check *check, const struct hd_postfix_service *service);

/* hd_check_rewrite - maps that lead mail for the probes away from the hook */
bool hd_check_rewrite(struct hd_check *check, const struct hd_postfix_service *service);

/*
 * hd_check_owner - the user that hook and service run as: who owns the database, else havedane
 *
 * Only an owner that the folder of the database has, too, as its files can be
 * anything. 0: there is none.
 */
uid_t hd_check_owner(const struct hd_check *check);

/* What hd_check_store_do does with the store, and what it needs for it. */
typedef enum hd_error hd_check_store_work(struct hd_store *store, void *context);

/*
 * hd_check_store_do - open the store as its owner, who alone must be able to, and work with it
 *
 * As root, SQLite would give the files beside the database to its owner, also
 * to a wrong one, and shut out the service that has them open. Nothing is
 * created or migrated. HD_CONFIG: the database belongs to root, or to another
 * than its folder, or is no file (logged); HD_IO (logged), or as of work and
 * hd_store_open.
 */
enum hd_error hd_check_store_do(struct hd_check *check, hd_check_store_work *work, void *context);

/* hd_check_socket - a unix socket: there, mode 0660, of this group ("": any) */
void hd_check_socket(struct hd_check *check, const char *id, const char *path, const char *group);

/* hd_check_host - the mail domain of a probe */
void hd_check_host(
    const struct hd_check *check, enum hd_probe_id probe, char host[HD_CHECK_HOST_SIZE]);

/* What follows is about an answer of check->dns. */

/* hd_check_answered - whether there is something to judge in it: found, or none */
bool hd_check_answered(const struct hd_lookup *lookup);

/* hd_check_ip - an A or AAAA record as an address; false: it is none */
bool hd_check_ip(const struct hd_lookup *lookup, size_t index, struct hd_ip *ip);

#endif
