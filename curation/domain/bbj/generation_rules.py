"""The traces that tell which BBj generation a program belongs to: a table to read, extend and argue about.

Every row is one trace. `words` are compared without case; a star at its end stands for any ending. What is
misleading stands in no row on purpose: line numbers, GOSUB, plain PRINT, OPEN "X0" (modern code opens it for
getSysGui too) and BBjAPI(), which only says "BBj".

Source: docs/offline-check.md ("Which generation")
"""

from __future__ import annotations

from dataclasses import dataclass

CHARACTER = ("character",)
VPRO5 = ("vpro5",)
OBJECTS = ("bbj-gui", "dwc")  # the object API runs on both
GUI_ONLY = ("bbj-gui",)
DWC_ONLY = ("dwc",)

# Where a rule looks. Comments are never read, and strings only by IN_STRING.
NAME = "name"  # the word stands anywhere
MEMBER = "member"  # behind a dot: window!.addButton
CALL = "call"  # in front of "(", and not behind a dot
VERB = "verb"  # at the start of a statement
CLIENT_TYPE = "client type"  # any name with the suffix @
DOTTED = "dotted"  # a dotted name that begins like this
IN_STRING = "in string"  # part of a string's content
TERMINAL_MNEMONIC = "terminal mnemonic"  # in PRINT or INPUT without a channel, or with channel 0
CHANNEL_MNEMONIC = "channel mnemonic"  # in PRINT (sysgui)…
TERMINAL_POSITION = "terminal position"  # @(column,row) in PRINT or INPUT without a channel
PROMPT = "prompt"  # INPUT "Name: ",name$
SYSGUI_CALL = "sysgui call"  # in front of "(", and the first argument is named like sysgui
INFO_CLIENT = "info client"  # info(3,6)="6"


@dataclass(frozen=True)
class GenerationRule:
    """One trace.

    Attributes:
        id: Shown with the evidence.
        speaks_for: The generations whose programs hold it.
        strong: Strong traces decide; weaker ones only ask a person to look.
        where: One of the places above.
        words: What stands there; empty where the place alone is the trace.
    """

    id: str
    speaks_for: tuple[str, ...]
    strong: bool
    where: str
    words: tuple[str, ...] = ()


RULES = (
    # Character: a terminal of rows and columns.
    GenerationRule("screen-position", CHARACTER, True, TERMINAL_POSITION),
    GenerationRule("input-prompt", CHARACTER, True, PROMPT),
    GenerationRule(
        "screen-mnemonic",
        CHARACTER,
        True,
        TERMINAL_MNEMONIC,
        ("CS", "CE", "CL", "CF", "SB", "SF", "BR", "ER", "BOX", "WINDOW"),
    ),
    GenerationRule("screen-stack", CHARACTER, False, TERMINAL_MNEMONIC, ("PUSH", "POP")),
    GenerationRule("terminal-verb", CHARACTER, False, VERB, ("ENTER", "INPUTE")),
    # Visual PRO/5: a window is driven by mnemonics written to the SYSGUI channel.
    GenerationRule(
        "sysgui-mnemonic",
        VPRO5,
        True,
        CHANNEL_MNEMONIC,
        (
            *("WINDOW", "CHILD-WINDOW", "BUTTON", "TOOLBUTTON", "EDIT", "INPUTE", "INPUTN", "TXEDIT"),
            *(
                "MENUBAR",
                "CHECKBOX",
                "RADIOBUTTON",
                "LISTBOX",
                "LISTBUTTON",
                "LISTEDIT",
                "HSCROLL",
                "VSCROLL",
            ),
            *("GROUPBOX", "TABCTRL", "STATUSBAR", "TREE", "GRID", "NAVIGATOR", "EVENTMASK", "DESTROY"),
            *("ENABLE", "DISABLE"),
        ),
    ),
    GenerationRule("sysgui-function", VPRO5, True, SYSGUI_CALL, ("CTRL", "TMPL", "RECORD", "READRECORD")),
    GenerationRule("event-message", VPRO5, True, CALL, ("NOTICE", "SENDMSG")),
    GenerationRule("resource-file", VPRO5, False, CALL, ("RESOPEN", "RESCLOSE")),
    GenerationRule("resource-mnemonic", VPRO5, False, CHANNEL_MNEMONIC, ("RESOURCE",)),
    # The object API: the same program runs in the thick client and in the browser.
    GenerationRule("object-gui", OBJECTS, True, MEMBER, ("getSysGui", "openSysGui", "setCallback")),
    GenerationRule(
        "object-control",
        OBJECTS,
        True,
        MEMBER,
        (
            *("addWindow", "addChildWindow", "addButton", "addToolButton", "addMenuButton", "addCheckBox"),
            *("addRadioButton", "addEditBox", "addCEdit", "addInputD", "addInputE", "addInputN"),
            *("addStaticText", "addListBox", "addListButton", "addListEdit", "addGrid", "addDataAwareGrid"),
            *("addStandardGrid", "addDataBoundGrid", "addGroupBox", "addTabCtrl", "addTree", "addMenuBar"),
            *("addProgressBar", "addHtmlView", "addHtmlEdit", "addImageCtrl", "addNavigator", "addStatusBar"),
        ),
    ),
    GenerationRule(
        "object-control-type",
        OBJECTS,
        True,
        NAME,
        (
            *("BBjSysGui", "BBjTopLevelWindow", "BBjChildWindow", "BBjWindow", "BBjControl", "BBjButton"),
            *("BBjToolButton", "BBjCheckBox", "BBjRadioButton", "BBjEditBox", "BBjCEdit", "BBjInputD"),
            *(
                "BBjInputE",
                "BBjInputN",
                "BBjStaticText",
                "BBjListBox",
                "BBjListButton",
                "BBjListEdit",
                "BBjGrid",
            ),
            *("BBjStandardGrid", "BBjDataAwareGrid", "BBjDataBoundGrid", "BBjGroupBox", "BBjTabCtrl"),
            *(
                "BBjTree",
                "BBjMenuBar",
                "BBjMenuItem",
                "BBjProgressBar",
                "BBjHtmlView",
                "BBjImageCtrl",
                "BBjStatusBar",
            ),
            *("BBjButtonPushEvent", "BBjCloseEvent", "BBjTimerEvent", "BBjEditModifyEvent"),
        ),
    ),
    GenerationRule("object-events", OBJECTS, True, VERB, ("PROCESS_EVENTS",)),
    GenerationRule("object-resource", OBJECTS, False, MEMBER, ("createTopLevelWindow", "openResource")),
    # Only in the thick client, on the user's desktop.
    GenerationRule("desktop-look", GUI_ONLY, True, MEMBER, ("setLookAndFeel", "getClientObject")),
    GenerationRule("desktop-swing", GUI_ONLY, True, DOTTED, ("javax.swing",)),
    GenerationRule("desktop-client-type", GUI_ONLY, True, CLIENT_TYPE),
    # Only in the browser.
    GenerationRule(
        "browser-method",
        DWC_ONLY,
        True,
        MEMBER,
        (
            *("getWebManager", "executeAsyncScript", "addStyle", "setStyle", "injectStyle", "injectScript"),
            *("injectStyleUrl", "injectScriptUrl", "setPanelStyle", "getPanelStyle", "addPanelStyle"),
            *("removePanelStyle", "setPanelAttribute", "getPanelAttribute"),
        ),
    ),
    GenerationRule("browser-type", DWC_ONLY, True, NAME, ("BBjWebComponent", "BBjWebManager", "BBjWebEvent")),
    GenerationRule("browser-event", DWC_ONLY, True, MEMBER, ("ON_WEB*",)),
    GenerationRule("browser-style-name", DWC_ONLY, True, IN_STRING, ("--dwc-", "dwc-")),
    GenerationRule("browser-client", DWC_ONLY, True, INFO_CLIENT),
    GenerationRule("browser-manager", DWC_ONLY, False, MEMBER, ("getBuiManager", "isBUI")),
    GenerationRule(
        "browser-attribute",
        DWC_ONLY,
        False,
        MEMBER,
        ("addClass", "setAttribute", "setProperty", "executeScript"),
    ),
)
