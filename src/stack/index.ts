/**
 * Protocol endpoints: what stands between the bytes of `wire` and the entities of `models`, as small machines on the hosts of
 * `network`. One folder a protocol; others import from the folder they need.
 */
export {};
