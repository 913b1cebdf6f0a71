"""The words of BBj, in lower case: which are verbs, functions, options and operators.

Lists of the language, not of one library: names of classes and methods are not in here. None of these words
is reserved by standing here; the few that may not name a variable are RESERVED.

Source: the alphabetical lists of verbs, functions and variables in BASIS's public documentation;
docs/offline-check.md ("Reserved words")
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """A set from a list with blanks between the words."""
    return frozenset(text.split())


# May begin a statement. Abbreviations are left out; "?" is PRINT.
VERBS = words(
    """
    addr auto background begin break bye call callback case chanopt chdir cisam class classend clear clearp
    clipclear clipfromfile clipfromstr cliplock cliptofile clipunlock close continue csoff cson data declare
    def delete denum dim direct disable dread drop dump edit else enable end endif endtrace enter erase
    escape escoff escon execute exit exitto extract extractrecord fi field file fileopt find findrecord
    floatingpoint fnend fnerr for fulltext gosub goto if indexed initfile input inpute inputn inputrecord
    interface interfaceend iolist jerase jkeyed jopen lcheckin let list load lock merge method methodend
    methodret mkdir mkeyed next on open precision prefix print printrecord process_events program read
    readrecord redim release rem remove remove_callback rename renum repeat resclose reserve reset restore
    retry return rmdir run save savep scan select serial setday setdrive seterr setesc setopts setterm
    settime settrace sort sqlclose sqlcommit sqlexec sqlopen sqlprep sqlrollback sqlset start stop string
    swend switch table tclose tcommit then throw trollback unlock until updatelic use vkeyed wait wend while
    write writerecord xcall xfile xkeyed
    """
)

# Give a value: name(…), or the bare name for the last row.
FUNCTIONS = words(
    """
    abs adjn and argv asc ath atn bbjapi bin bsz cast chanopt chr clientenv clipisformat clipregformat
    cliptostr cos cpl crc crc16 ctrl cvs cvt date dec decrypt dims dir dsk encrypt env ept err errmes fattr
    fbin fdec fid field fileopen fileopt filesave fill fin fpt gap hsa hsh hta iff ind info int ior jul key
    keyf keyl keyn keyp keyr kgen lcheckout len levenshtein linfo log lrc lst mask max menuinfo min mod
    msgbox neval nfield not notice noticetpl null num pad pck pgm pos prompt pub resfirst resget resinfo
    resnext resopen rnd round scall sendmsg serverenv seval sgn sin sqlerr sqlfetch sqllist sqltables
    sqltmpl sqr ssort ssz stbl str swap tbl tcb tmpl topen tsk upk winfirst wininfo winnext xfid xfin xkgen
    xor xssort argc chn ctl day dsz opts pfx psz rev sqlchn sqlunt ssn sys tim unt
    """
)

# The places, from 0, at which a function takes a number; only functions where that is sure.
NUMBER_ARGUMENTS = {
    **dict.fromkeys(words("abs chr fill fpt int sgn sqr tcb"), (0,)),
    **dict.fromkeys(words("cvs msgbox pad"), (1,)),
    "jul": (0, 1, 2),
    "mod": (0, 1),
}

# Name a value inside the parentheses of a channel or a function, or behind a verb: ERR=label, KEY=k$.
OPTIONS = words("dir dom end err exists ind iol isz key knum len lib mode siz tbl tim")

OPERATORS = words("and or new")

# Classes that are built in, as they stand behind DECLARE, FIELD and METHOD.
TYPES = words("bbjnumber bbjint bbjstring bbjobject bbjvector void")

# Stand inside the head of another statement only.
PARTS = words(
    "auto default except extends from implements private protected public record static step then to where"
)

# Hold a value of the system, and cannot be assigned.
SYSTEM_VARIABLES = words("argc chn ctl day dsz iol opts pfx psz rev sqlchn sqlunt ssn sys tbl unt")

# Refused by the compiler as the bare name of a variable or a label; with a suffix ($ % !) each is a name.
RESERVED = SYSTEM_VARIABLES | words(
    """
    all begin callback case csoff cson dread else endif err exitto fi fnend fnerr for from gosub goto if
    iolist let list load new on process_events read_resource remove_callback restore seterr setesc swend
    switch then tim until wend where while
    """
)
