/* placeholder until merged */
export const RESOLVER = { id: 'resolver' };
export const SERVERS = [];
