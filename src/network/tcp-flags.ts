/** Bits of the TCP flags octet (RFC 9293 3.1). */
export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const SYN_ACK = SYN | ACK;
export const RST_ACK = RST | ACK;
