#include "cert.h"
#include "command.h"
#include "log.h"
#include "option.h"
#include "zone.h"

enum hd_error
hd_command_dns(struct hd_call *call)
{
	struct hd_cert_digests digests;
	struct hd_zone zone = {
	    .domain = call->config.domain,
	    .ipv4 = call->options[DNS_IPV4],
	    .ipv6 = call->options[DNS_IPV6],
	    .digests = &digests,
	};
	enum hd_error error;

	if (zone.ipv4 == NULL) {
		hd_error("dns: --ipv4 is missing");
		return HD_INVALID;
	}
	error = hd_option_number("ttl", call->options[DNS_TTL], 0, HD_ZONE_TTL_MAX, &zone.ttl);
	if (error == HD_OK)
		error = hd_cert_load(call->options[DNS_DIR], call->config.domain, &digests);
	if (error == HD_OK)
		error = hd_zone_write(call->out, &zone);
	return error;
}
