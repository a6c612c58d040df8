/*
 * address - ALIAS[+extension]@PROBE.DOMAIN, and clients' IP addresses
 */
#ifndef HD_ADDRESS_H
#define HD_ADDRESS_H

#include <stdbool.h>

#include "alias.h"
#include "probe.h"
#include "store.h"

/*
 * hd_address_parse - alias and probe of a recipient address
 *
 * address: as Postfix gives it, any letter case, any bytes. domain: of the
 * configuration. It is split at the last "@"; what follows the first "+" of
 * the local part is ignored, and so is one dot at the domain's end. Returns
 * true and fills alias and *probe, or false when it is not one of ours.
 */
bool hd_address_parse(
    const char *address, const char *domain, char alias[HD_ALIAS_SIZE], enum hd_probe_id *probe);

/*
 * hd_client_address_parse - CLIENT_ADDRESS of Postfix (local(8)) as inet_ntop(3) writes it
 *
 * "IPv6:" before an IPv6 address is dropped. client: NULL or any text. What is
 * no address gives "".
 */
void hd_client_address_parse(const char *client, char address[HD_CLIENT_ADDRESS_SIZE]);

#endif
