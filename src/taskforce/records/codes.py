"""The field's code lists: stable lower-case codes for the wire, labels for people.

Sources: HTCDS 2.0 (IOM), CTDC, NIEM human services, Primero, Palermo Protocol art. 3, Eurojust's model agreement,
INTERPOL's, Europol's and Eurojust's channels, ISIC Rev. 4 sections, ICS and radio precedence.
"""

from __future__ import annotations

from taskforce.records.schema import N_

AGENCY_KINDS = {
    "police": N_("Police"),
    "border-guard": N_("Border guard"),
    "immigration": N_("Immigration"),
    "customs": N_("Customs"),
    "prosecution": N_("Prosecution"),
    "judiciary": N_("Judiciary"),
    "labour-inspectorate": N_("Labour inspectorate"),
    "social-services": N_("Social services"),
    "child-protection": N_("Child protection"),
    "health": N_("Health service"),
    "victim-service-provider": N_("Victim service provider (NGO)"),
    "embassy": N_("Embassy or consulate"),
    "military": N_("Military"),
    "international-body": N_("International body"),
    "private-sector": N_("Private sector"),
    "other": N_("Other"),
}

ROLES = {
    "lead": N_("Lead"),
    "co-lead": N_("Co-lead"),
    "partner": N_("Partner"),
    "support": N_("Support"),
    "observer": N_("Observer"),
}

CONTACT_ROLES = {
    "liaison-officer": N_("Liaison officer"),
    "investigator": N_("Investigator"),
    "prosecutor": N_("Prosecutor"),
    "case-worker": N_("Case worker"),
    "victim-specialist": N_("Victim specialist"),
    "interpreter": N_("Interpreter"),
    "analyst": N_("Analyst"),
    "duty-officer": N_("Duty officer"),
    "head": N_("Head of unit"),
}

CHANNELS = {
    "i-24-7": N_("I-24/7 (INTERPOL)"),
    "siena": N_("SIENA (Europol)"),
    "jit-platform": N_("JITs Collaboration Platform (Eurojust)"),
    "encrypted-mail": N_("Encrypted mail"),
    "phone": N_("Phone"),
    "radio": N_("Radio"),
    "in-person": N_("In person"),
}

SERVICES = {
    "shelter": N_("Shelter"),
    "basic-necessities": N_("Basic necessities"),
    "medical": N_("Medical care"),
    "mental-health": N_("Mental health"),
    "legal": N_("Legal help"),
    "interpretation": N_("Interpretation"),
    "safety-planning": N_("Safety planning"),
    "case-management": N_("Case management"),
    "education": N_("Education"),
    "employment": N_("Employment"),
    "financial": N_("Financial help"),
    "repatriation": N_("Repatriation"),
    "family-tracing": N_("Family tracing"),
    "child-protection": N_("Child protection"),
    "other": N_("Other"),
}

ACCEPTS = {
    "women": N_("Women"),
    "men": N_("Men"),
    "girls": N_("Girls"),
    "boys": N_("Boys"),
    "families": N_("Families"),
    "any": N_("Anyone"),
}

PROVIDER_STATUS = {
    "active": N_("Active"),
    "inactive": N_("Inactive"),
    "temporarily-closed": N_("Temporarily closed"),
}

AGREEMENT_KINDS = {
    "treaty": N_("Treaty"),
    "convention": N_("Convention"),
    "bilateral-mou": N_("Bilateral memorandum of understanding"),
    "multilateral-mou": N_("Multilateral memorandum of understanding"),
    "jit-agreement": N_("Joint investigation team agreement"),
    "regional-plan": N_("Regional plan"),
    "protocol": N_("Standing procedure"),
}

COVERED_PARTS = {
    "case": N_("Case (what happened)"),
    "care": N_("Care (health, needs, safety)"),
    "identity": N_("Identity (who it is)"),
    "intelligence": N_("Intelligence (graded)"),
}

RECALL_REASONS = {
    "consent-withdrawn": N_("Consent withdrawn or ended"),
    "agreement-ended": N_("Agreement ended or suspended"),
    "handling-narrowed": N_("Handling narrowed"),
    "no-longer-involved": N_("No longer involved"),
    "sent-in-error": N_("Sent in error"),
}

PURPOSES = {
    "services": N_("Providing services"),
    "information-sharing": N_("Sharing information"),
    "reporting": N_("Reporting"),
    "tracing": N_("Family tracing"),
    "research": N_("Research"),
}

TLP = {
    "clear": N_("TLP:CLEAR, for anyone"),
    "green": N_("TLP:GREEN, for any verified peer with reach"),
    "amber": N_("TLP:AMBER, for the operation's participants"),
    "amber+strict": N_("TLP:AMBER+STRICT, for the own agency"),
    "red": N_("TLP:RED, for named recipients"),
}
"""Traffic Light Protocol 2.0 (FIRST)."""

HANDLING = {
    "h0": N_("H0, only to prevent and combat crime"),
    "h1": N_("H1, not as evidence without permission"),
    "h2": N_("H2, not passed on without permission"),
    "h3": N_("H3, another restriction"),
}
"""Europol's handling codes."""

OPERATION_KINDS = {
    "joint-operation": N_("Joint operation"),
    "joint-action-day": N_("Joint action day"),
    "rescue": N_("Rescue"),
    "investigation": N_("Investigation (JIT)"),
    "awareness": N_("Awareness"),
}

PRIORITIES = {
    "flash": N_("Flash"),
    "immediate": N_("Immediate"),
    "priority": N_("Priority"),
    "routine": N_("Routine"),
}
"""Radio precedence, most urgent first."""

LOG_CATEGORIES = {
    "event": N_("Event"),
    "decision": N_("Decision"),
    "arrest": N_("Arrest"),
    "victim-met": N_("Victim met"),
    "safety": N_("Safety"),
    "message": N_("Message"),
    "search": N_("Search"),
    "seizure": N_("Seizure"),
}

SITE_KINDS = {
    "compound": N_("Compound"),
    "hotel": N_("Hotel"),
    "bar-or-club": N_("Bar or club"),
    "factory": N_("Factory"),
    "farm": N_("Farm"),
    "construction-site": N_("Construction site"),
    "fishing-vessel": N_("Fishing vessel"),
    "private-dwelling": N_("Private dwelling"),
    "border-crossing": N_("Border crossing"),
    "airport": N_("Airport"),
    "seaport": N_("Seaport"),
    "bus-station": N_("Bus station"),
    "railway-station": N_("Railway station"),
    "checkpoint": N_("Checkpoint"),
    "coordination-centre": N_("Coordination centre"),
    "other": N_("Other"),
}

VICTIM_STATUS = {
    "possible": N_("Possible victim"),
    "actual": N_("Victim"),
    "not-a-victim": N_("Not a victim"),
}

STATUS_DECIDERS = {
    "police": N_("Police"),
    "ngo": N_("NGO"),
    "court-or-prosecution": N_("Court or prosecution"),
    "government": N_("Government"),
    "other": N_("Other"),
}

AGE_BANDS = {
    "0-8": N_("0 to 8"),
    "9-17": N_("9 to 17"),
    "18-20": N_("18 to 20"),
    "21-23": N_("21 to 23"),
    "24-26": N_("24 to 26"),
    "27-29": N_("27 to 29"),
    "30-38": N_("30 to 38"),
    "39-47": N_("39 to 47"),
    "48+": N_("48 and over"),
}

GENDERS = {
    "feminine": N_("Feminine"),
    "masculine": N_("Masculine"),
    "transgender-feminine": N_("Transgender feminine"),
    "transgender-masculine": N_("Transgender masculine"),
    "non-conforming": N_("Non-conforming"),
    "unknown": N_("Unknown"),
}

ACTS = {
    "recruitment": N_("Recruitment"),
    "transportation": N_("Transportation"),
    "transfer": N_("Transfer"),
    "harbouring": N_("Harbouring"),
    "receipt": N_("Receipt"),
}

MEANS = {
    "threat-or-force": N_("Threat or use of force"),
    "coercion": N_("Coercion"),
    "abduction": N_("Abduction"),
    "fraud": N_("Fraud"),
    "deception": N_("Deception"),
    "abuse-of-power": N_("Abuse of power"),
    "abuse-of-vulnerability": N_("Abuse of a position of vulnerability"),
    "payments-to-a-controller": N_("Payments to a person with control over another"),
}

EXPLOITATION = {
    "forced-labour": N_("Forced labour"),
    "sexual-exploitation": N_("Sexual exploitation"),
    "child-labour": N_("Child labour"),
    "forced-marriage": N_("Forced marriage"),
    "servitude": N_("Servitude"),
    "slavery-like-practices": N_("Slavery or similar practices"),
    "forced-military": N_("Forced military service"),
    "organ-removal": N_("Removal of organs"),
    "forced-begging": N_("Forced begging"),
    "forced-adoption": N_("Forced adoption"),
    "surrogacy": N_("Surrogacy"),
    "forced-criminality": N_("Forced criminality"),
    "other": N_("Other"),
}

CONTROL = {
    "physical-threats": N_("Physical threats"),
    "threatens-law-enforcement": N_("Threatens with law enforcement"),
    "threatens-family": N_("Threatens the family"),
    "debt-bondage": N_("Debt bondage"),
    "false-promises": N_("False promises"),
    "physical-abuse": N_("Physical abuse"),
    "sexual-abuse": N_("Sexual abuse"),
    "takes-earnings": N_("Takes earnings"),
    "restricts-financial-access": N_("Restricts access to money"),
    "restricts-movement": N_("Restricts movement"),
    "restricts-medical-care": N_("Restricts medical care"),
    "withholds-necessities": N_("Withholds necessities"),
    "withholds-documents": N_("Withholds documents"),
    "psychological-abuse": N_("Psychological abuse"),
    "psychoactive-substances": N_("Psychoactive substances"),
    "excessive-hours": N_("Excessive working hours"),
    "uses-children": N_("Uses children"),
    "other": N_("Other"),
}

RECRUITERS = {
    "intimate-partner": N_("Intimate partner"),
    "friend": N_("Friend"),
    "family": N_("Family"),
    "other": N_("Other"),
    "unknown": N_("Unknown"),
}

RECRUITED = {
    "workplace": N_("Workplace"),
    "place-of-business": N_("Place of business"),
    "school": N_("School"),
    "social-network": N_("Social network"),
    "online-advertisement": N_("Online advertisement"),
    "television": N_("Television"),
    "newspaper": N_("Newspaper"),
    "family": N_("Family"),
    "friends": N_("Friends"),
    "other": N_("Other"),
}

INDUSTRIES = {
    "a": N_("Agriculture, forestry and fishing"),
    "b": N_("Mining and quarrying"),
    "c": N_("Manufacturing"),
    "d": N_("Electricity and gas"),
    "e": N_("Water and waste"),
    "f": N_("Construction"),
    "g": N_("Trade and repair"),
    "h": N_("Transport and storage"),
    "i": N_("Accommodation and food"),
    "j": N_("Information and communication"),
    "k": N_("Finance and insurance"),
    "l": N_("Real estate"),
    "m": N_("Professional and technical"),
    "n": N_("Administrative and support"),
    "o": N_("Public administration and defence"),
    "p": N_("Education"),
    "q": N_("Health and social work"),
    "r": N_("Arts and recreation"),
    "s": N_("Other services"),
    "t": N_("Households as employers"),
    "u": N_("Extraterritorial bodies"),
}

DOCUMENTS = {
    "passport": N_("Passport"),
    "identity-card": N_("Identity card"),
    "residence-permit": N_("Residence permit"),
    "travel-document": N_("Travel document"),
    "birth-certificate": N_("Birth certificate"),
    "other": N_("Other"),
}

GIVEN_BY = {
    "individual": N_("The person"),
    "caregiver": N_("Caregiver"),
    "guardian": N_("Guardian"),
}

EXPLAINED = {
    "interview": N_("The interview"),
    "purpose": N_("The purpose"),
    "data-use": N_("How the data is used"),
    "research-use": N_("Use for research"),
    "access-right": N_("The right of access"),
    "storage-period": N_("How long it is kept"),
    "withdrawal": N_("How to withdraw"),
}

OVERRIDES = {
    "child-protection": N_("Child protection"),
    "vital-interests": N_("Vital interests"),
    "legal-obligation": N_("Legal obligation"),
}

HAND_OVERS = {
    "referral": N_("Referral: the case stays with the sender"),
    "transfer": N_("Transfer: the case goes over"),
    "transfer-request": N_("Transfer request: the receiver asks for the case"),
}

URGENCIES = {
    "1h": N_("Answer within 1 hour"),
    "3h": N_("Answer within 3 hours"),
    "1d": N_("Answer within 1 day"),
    "3d": N_("Answer within 3 days"),
}

DECLINE_REASONS = {
    "capacity-full": N_("No place free"),
    "not-eligible": N_("Not eligible"),
    "service-not-offered": N_("Service not offered"),
    "already-served-elsewhere": N_("Already served elsewhere"),
    "declined-by-victim": N_("Declined by the victim"),
    "out-of-area": N_("Out of area"),
    "unsafe": N_("Unsafe"),
    "no-interpreter": N_("No interpreter"),
    "information-insufficient": N_("Not enough information"),
    "other": N_("Other"),
}

OUTCOMES = {
    "provided": N_("Provided"),
    "already-received-elsewhere": N_("Already received elsewhere"),
    "not-applicable": N_("Not applicable"),
    "declined-by-victim": N_("Declined by the victim"),
    "unavailable": N_("Unavailable"),
}
