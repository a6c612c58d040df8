/*
 * tlsa_set - TLSA records as they are found in DNS, against those we would publish
 */
#ifndef HD_TLSA_SET_H
#define HD_TLSA_SET_H

#include <stdbool.h>

#include "resolver.h"
#include "tlsa.h"

enum {
	HD_TLSA_SET_TEXT_SIZE = 512,
	HD_TLSA_SHORT_SIZE = 32 /* "3 1 1 8cb07e21..." */
};

/*
 * hd_tlsa_flaw - what is wrong with the form of a record
 *
 * NULL: nothing. Data that is too short for its matching type is not just
 * useless: it crashes some senders. Static storage.
 */
const char *hd_tlsa_flaw(const struct hd_record *record);

/* hd_tlsa_short - a record as people tell it from others: "3 1 1 8cb07e21..." */
void hd_tlsa_short(const struct hd_record *record, char text[HD_TLSA_SHORT_SIZE]);

/* hd_tlsa_is - whether a record has these three numbers */
bool hd_tlsa_is(
    const struct hd_record *record, unsigned usage, unsigned selector, unsigned matching);

/*
 * hd_tlsa_differences - compare a set of records with the one that is wanted
 *
 * found: the records of a look-up; wanted: count of them; neither has an
 * order. Returns true when they are the same, or false and fills text: which
 * are missing, and which are not ours.
 */
bool hd_tlsa_differences(const struct hd_lookup *found, const struct hd_tlsa *wanted, size_t count,
    char text[HD_TLSA_SET_TEXT_SIZE]);

#endif
