#include "tlsa_set.h"

#include <stdio.h>
#include <string.h>

enum { HEAD = 3, SHOWN = 4 }; /* bytes: usage, selector, matching type; of the data, in messages */

/* By matching type (RFC 6698, section 2.1.3); 0 is the whole certificate or key. */
static const struct {
	size_t length;
	const char *flaw;
} digests[] = {
    {0, NULL},
    {32, "its data is not 32 bytes, as SHA-256 is"},
    {64, "its data is not 64 bytes, as SHA-512 is"},
};

const char *
hd_tlsa_flaw(const struct hd_record *record)
{
	const unsigned char *head = record->data;

	if (record->length <= HEAD)
		return "it has no data";
	if (head[0] > 3)
		return "there is no such usage";
	if (head[1] > 1)
		return "there is no such selector";
	if (head[2] >= sizeof(digests) / sizeof(digests[0]))
		return "there is no such matching type";
	if (head[2] != 0 && record->length - HEAD != digests[head[2]].length)
		return digests[head[2]].flaw;
	return NULL;
}

bool
hd_tlsa_is(const struct hd_record *record, unsigned usage, unsigned selector, unsigned matching)
{
	return record->length >= HEAD && record->data[0] == usage && record->data[1] == selector &&
	       record->data[2] == matching;
}

void
hd_tlsa_short(const struct hd_record *record, char text[HD_TLSA_SHORT_SIZE])
{
	const unsigned char *data = record->data;
	int used;

	if (record->length < HEAD) {
		strcpy(text, "(no record)");
		return;
	}
	/* 12 bytes at most, and then 2 * SHOWN + 3 */
	used = snprintf(text, HD_TLSA_SHORT_SIZE, "%u %u %u ", data[0], data[1], data[2]);
	for (size_t i = HEAD; i < record->length && i < HEAD + SHOWN; i++)
		used += snprintf(text + used, HD_TLSA_SHORT_SIZE - (size_t)used, "%02x", data[i]);
	if (record->length > HEAD + SHOWN)
		(void)snprintf(text + used, HD_TLSA_SHORT_SIZE - (size_t)used, "...");
}

/* to_record - one of ours in the form of those that are found */
static struct hd_record
to_record(const struct hd_tlsa *tlsa)
{
	struct hd_record record = {.length = HEAD + sizeof(tlsa->data)};

	record.data[0] = (unsigned char)tlsa->usage;
	record.data[1] = (unsigned char)tlsa->selector;
	record.data[2] = (unsigned char)tlsa->matching;
	memcpy(record.data + HEAD, tlsa->data, sizeof(tlsa->data));
	return record;
}

static bool
is_same(const struct hd_record *one, const struct hd_record *other)
{
	return one->length == other->length && one->length <= sizeof(one->data) &&
	       memcmp(one->data, other->data, one->length) == 0;
}

static bool
is_found(const struct hd_lookup *found, const struct hd_record *record)
{
	for (size_t i = 0; i < found->count && i < HD_RESOLVER_RECORDS; i++) {
		if (is_same(&found->records[i], record))
			return true;
	}
	return false;
}

static bool
is_wanted(const struct hd_tlsa *wanted, size_t count, const struct hd_record *record)
{
	for (size_t i = 0; i < count; i++) {
		const struct hd_record ours = to_record(&wanted[i]);

		if (is_same(&ours, record))
			return true;
	}
	return false;
}

static void
append(char text[HD_TLSA_SET_TEXT_SIZE], const char *what, const struct hd_record *record)
{
	const size_t used = strlen(text);
	char name[HD_TLSA_SHORT_SIZE];

	hd_tlsa_short(record, name);
	(void)snprintf(text + used, HD_TLSA_SET_TEXT_SIZE - used, "%s%s %s", used == 0 ? "" : ", ",
	    what, name);
}

bool
hd_tlsa_differences(const struct hd_lookup *found, const struct hd_tlsa *wanted, size_t count,
    char text[HD_TLSA_SET_TEXT_SIZE])
{
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const struct hd_record ours = to_record(&wanted[i]);

		if (!is_found(found, &ours))
			append(text, "missing:", &ours);
	}
	for (size_t i = 0; i < found->count && i < HD_RESOLVER_RECORDS; i++) {
		if (!is_wanted(wanted, count, &found->records[i]))
			append(text, "not ours:", &found->records[i]);
	}
	return text[0] == '\0' && found->count <= HD_RESOLVER_RECORDS;
}
