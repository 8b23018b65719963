"""The names of attributes and keys in stored data. They must not change: 1.0, the downstream
application and other programs read them."""


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LISTED = "gsi2pk gsi2sk "
_SEARCHED = "gsi3pk gsi3sk gsi4pk gsi4sk "
_CONTACT = "contactCompanyName contactFullName contactEmailAddress "
_PHONE = "contactPhone contactPhoneTyped contactPhoneExtension "
_IDS = "accountId accountName companyId companyName cluster "
_DECIDED = "decidedVerb decidedBy decidedAt decidedMark "
_TENANT = "tenantId version status isActive createdAt updatedAt locale statusLink " + _LISTED
_SIGN_UP = _TENANT + _SEARCHED + _CONTACT + _DECIDED
_FINAL = (
    _SIGN_UP + _IDS + "gsi1pk gsi1sk decidedWho contactPhone contactPhoneTyped pendingId validFrom"
    " validTo openEnded clientId clientSecret clientSecretSetAt clientSecretMark importId"
    " importedState attributesOfOtherTypes logins "
)

#: The attributes that items of each kind have, all together.
NAMES = {
    "pending": names(_SIGN_UP + _IDS + _PHONE + "setAside"),
    "rejected": names(_SIGN_UP + "decidedWho reason message erased"),
    "withdrawn": names(_SIGN_UP),
    "active": names(_FINAL + "contactPhoneExtension"),
    "suspended": names(_FINAL + "reason"),
    "forward": names("tenantId version forwardTo statusLink createdAt decidedMark"),
    "claim": names("tenantId version count"),
    "event": names(
        "tenantId version at by who verb changes before after reason requestId " + _LISTED
    ),
    "note": names("tenantId version at by who text " + _LISTED),
    "staff": names("tenantId version email name role era disabled"),
    "link": names("tenantId version person era lastSeen until ttl " + _LISTED),
    "session": names("tenantId version person era lastSeen until ttl " + _LISTED),
    "token": names(
        "tenantId version name scopes hash createdAt until perHour calls hourFrom lastUsed"
        " revokedAt " + _LISTED
    ),
    "import": names("tenantId version at by text " + _LISTED),
    "import that is being saved": names("tenantId version at " + _LISTED),
    "rows of an import": names("tenantId version rows"),
}
#: The keys by which events are found that took access away. 1.0 reads an event without them.
KEYS_OF_ENDED = names("gsi3pk gsi3sk")
#: The keys by which the report for auditors finds an event. 1.0 reads an event without them, and
#: nobody asks the downstream application's index for a month.
KEYS_OF_DECIDED = names("gsi1pk gsi1sk")
#: The keys of the list of people. 1.0 finds a person by the id, and keeps none of these.
KEYS_OF_PEOPLE = names(_LISTED)
#: What later versions added. 1.0 has no page that reads it.
SINCE_1_0 = {
    "staff": NAMES["staff"] | KEYS_OF_PEOPLE,
    "event": NAMES["event"] | KEYS_OF_ENDED | KEYS_OF_DECIDED,
    "security event": names("tenantId version at by verb text changes requestId " + _LISTED),
    "desk": names(
        "tenantId version turn status createdAt reason text at by who followers decidedAt"
        " escalatedTo gsi4pk gsi4sk " + _LISTED
    ),
    "mail": names(
        "tenantId version at by verb status of signUp locale dueAt tries sentAgain decidedAt reason"
        " text gsi4pk gsi4sk addressMark requests requestId " + _LISTED
    ),
}
#: Attributes that later versions added to items of 1.0, which keeps them as those of others.
ADDED_SINCE_1_0 = names("adoptAnswer undo undone cameBy idSince formerIds")
KEYS_OF_SECURITY_CHANGES = names("who address role earlierRole route")
#: Keys of the JSON in `text` of an import, and in `changes` of an event.
KEYS_OF_IMPORT = names(
    "who state policy allowed shapes ignoredKeys counts chunks toWrite handled late active later"
    " until cursor movedAt finishedAt confirmedBy endedBy rowsKept leftover"
)
#: 1.0 does not look at them.
KEYS_OF_IMPORT_SINCE_1_0 = names("fileName places placesTotal notes answers formerItems undo")
KEYS_OF_CHANGES = names(
    "status accountId companyId cluster validFrom validTo clientId contactCompanyName"
    " contactFullName contactPhone contactEmailAddress accountName companyName clientSecret"
)
#: Partition keys of the indexes, without the id, the address or the letter behind the "#".
PARTITIONS = {
    "gsi1pk": names("ACCOUNT#"),
    "gsi2pk": names(
        "STATUS#active STATUS#pending STATUS#rejected STATUS#suspended STATUS#withdrawn ASIDE"
        " EVENTS# NOTES# ACCESS# TOKENS IMPORTS IMPORTS#BEGUN"
    ),
    "gsi3pk": names("COMPANY#"),
    "gsi4pk": names("EMAIL#"),
}
#: Those that later versions added.
PARTITIONS_SINCE_1_0 = {
    "gsi1pk": names("DECIDED# LIST#STATUS#rejected"),
    "gsi2pk": names("OUTBOX# LIMITS PEOPLE ASSIGNED#pending WISHES#digest"),
    "gsi3pk": names("CHANGED#rejected"),
    "gsi4pk": names(
        "CLOSED_EMAIL# LIST#STATUS#rejected#SOURCE#form OWNER# OUTBOX#due OUTBOX#ended"
        " OUTBOX#given_up OUTBOX#orphans SEARCH#due"
    ),
}
