// What to do on which mail server to have DANE verified when it sends. The words for it are in lang/
// (server.ID.text). {domain} stands for the domain of this installation.
//
// snippets: `text` is what goes into `file`; if that is no path, it says in what is written or typed.
// check: commands to look by hand. log: what is in the line that a refused message to `wrong` leaves in the server's log.

const POSTFIX_LOG = 'status=deferred (Server certificate not verified)';

export const RESOLVER = {
  id: 'resolver',
  snippets: [
    { file: 'sh', text: 'apt install unbound' },
    { file: '/etc/resolv.conf', text: 'nameserver 127.0.0.1\noptions edns0 trust-ad\n' },
    { file: 'sh', text: 'service postfix restart' },
  ],
  check: [
    'dig do.{domain} MX | grep -w "flags:.* ad"',
    'cmp /etc/resolv.conf /var/spool/postfix/etc/resolv.conf',
  ],
};

export const SERVERS = [
  {
    id: 'postfix',
    name: 'Postfix',
    snippets: [
      {
        file: 'sh',
        text: 'postconf -e smtp_dns_support_level=dnssec smtp_tls_security_level=dane smtp_tls_loglevel=1\npostfix reload',
      },
    ],
    check: [
      'posttls-finger -t30 -T180 -c -L verbose,summary -l dane do.{domain}',
      'posttls-finger -t30 -T180 -c -L verbose,summary -l dane wrong.{domain}',
    ],
    log: POSTFIX_LOG,
    link: 'https://www.postfix.org/TLS_README.html#client_tls_dane',
  },
  {
    id: 'exim',
    name: 'Exim',
    snippets: [
      {
        file: 'exim.conf',
        text: `dns_dnssec_ok = 1

begin routers
dnslookup:
  driver = dnslookup
  dnssec_request_domains = *
  transport = remote_smtp

begin transports
remote_smtp:
  driver = smtp
  dnssec_request_domains = *
  hosts_try_dane = *
`,
      },
    ],
    check: [
      'exim4 -bV | grep -w DANE',
      "exim4 -be '${lookup dnsdb{dnssec_strict,tlsa=_25._tcp.do.{domain}}}'",
    ],
    log: 'DANE attempt failed; TLS connection to wrong.{domain}',
    link: 'https://github.com/Exim/exim/wiki/DNSSEC',
  },
  {
    id: 'exchange-online',
    name: 'Exchange Online',
    snippets: [],
    check: ['Get-OutboundConnector | Format-List Name, Enabled, SmartHosts, SmtpDaneMode'],
    log: 'tlsa-invalid',
    link: 'https://learn.microsoft.com/purview/how-smtp-dane-works',
  },
  {
    id: 'exchange-server',
    name: 'Exchange Server',
    snippets: [
      {
        file: 'PowerShell',
        text: 'Set-SendConnector "NAME" -DNSRoutingEnabled $false -SmartHosts relay.example.org',
      },
    ],
    check: [],
    log: null,
    link: null,
  },
  {
    id: 'sendmail',
    name: 'sendmail',
    snippets: [
      {
        file: '/etc/mail/sendmail.mc',
        text: "define(`confDANE', `true')dnl\ndefine(`confCACERT', `/etc/ssl/certs/ca-certificates.crt')dnl\n",
      },
      { file: '/etc/mail/sendmail.mc', text: "define(`SMART_HOST', `relay.example.org')dnl\n" },
    ],
    check: ['sendmail -d0.1 -bt </dev/null | grep -w DANE'],
    log: 'DANE check failed',
    link: null,
  },
  {
    id: 'opensmtpd',
    name: 'OpenSMTPD',
    snippets: [
      { file: '/etc/smtpd.conf', text: 'action "relay" relay host smtp://relay.example.org\n' },
    ],
    check: [],
    log: null,
    link: 'https://github.com/OpenSMTPD/OpenSMTPD/issues/409',
  },
  {
    id: 'stalwart',
    name: 'Stalwart',
    snippets: [],
    check: [],
    log: 'No matching certificates found in TLSA records',
    link: 'https://stalw.art/docs/mta/transport-security/dane',
  },
  { id: 'haraka', name: 'Haraka', snippets: [], check: [], log: null, link: null },
  {
    id: 'mailcow',
    name: 'mailcow',
    snippets: [],
    check: [
      'docker compose exec postfix-mailcow postconf -c /opt/postfix/conf smtp_dns_support_level smtp_tls_security_level',
    ],
    log: POSTFIX_LOG,
    link: null,
  },
  {
    id: 'mailu',
    name: 'Mailu',
    snippets: [],
    check: ['docker compose exec smtp postconf smtp_dns_support_level smtp_tls_security_level'],
    log: POSTFIX_LOG,
    link: null,
  },
  {
    id: 'mailinabox',
    name: 'Mail-in-a-Box',
    snippets: [],
    check: ['postconf smtp_dns_support_level smtp_tls_security_level'],
    log: POSTFIX_LOG,
    link: null,
  },
];
