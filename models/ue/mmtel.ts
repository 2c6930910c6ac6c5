/** The IMS communication service identifier of multimedia telephony (TS 24.173 5.1). */
export const MMTEL = 'urn:urn-7:3gpp-service.ims.icsi.mmtel';

/** The same as a feature tag of Contact and Accept-Contact (TS 24.229 7.9.2). */
export const MMTEL_TAG = `+g.3gpp.icsi-ref="${MMTEL.replaceAll(':', '%3A')}"`;
