#include "probe.h"

#include <string.h>
#include <strings.h>

const struct hd_probe hd_probes[HD_PROBE_COUNT] = {
    [HD_PROBE_DO] = {"do", true, HD_TLSA_RIGHT, "TLSA records match the certificate"},
    [HD_PROBE_DONT] = {"dont", true, HD_TLSA_NONE, "no TLSA records: do not add any"},
    [HD_PROBE_WRONG] = {"wrong", false, HD_TLSA_WRONG,
	"TLSA record matches no certificate, on purpose"},
};

bool
hd_probe_find(const char *name, size_t length, enum hd_probe_id *id)
{
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		if (strlen(hd_probes[i].name) == length &&
		    strncasecmp(hd_probes[i].name, name, length) == 0) {
			*id = (enum hd_probe_id)i;
			return true;
		}
	}
	return false;
}
