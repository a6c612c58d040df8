/*
 * service - havedane-fcgi: start, signals, reload, stop
 */
#ifndef HD_SERVICE_H
#define HD_SERVICE_H

/* hd_service_main - the whole program; its exit status (sysexits.h) */
int hd_service_main(int argc, char *argv[]);

#endif
