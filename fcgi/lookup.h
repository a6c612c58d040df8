/*
 * lookup - what Postfix is told of a recipient
 */
#ifndef HD_LOOKUP_H
#define HD_LOOKUP_H

#include "config.h"
#include "socketmap.h"
#include "store.h"

/* What answers: a worker's own. */
struct hd_lookup {
	const struct hd_config *config;
	struct hd_store *store;
};

/*
 * hd_lookup_answer - answer a request; the length of the reply
 *
 * A live alias at a probe is OK, with the local alias that runs the hook for
 * it. Where a sender that verifies DANE does not get as far as to name a
 * recipient, the look-up is evidence: it is recorded before it is answered, and
 * is not answered when it cannot be recorded. No address of ours, or none that
 * lives, is NOTFOUND; a store that cannot be asked is TEMP; a map other than
 * "alias" is PERM. Only a first offer is logged: anybody can name unknown
 * recipients, as many as they like.
 */
size_t hd_lookup_answer(const struct hd_lookup *lookup, const struct hd_socketmap_request *request,
    char reply[HD_SOCKETMAP_REPLY_MAX]);

#endif
