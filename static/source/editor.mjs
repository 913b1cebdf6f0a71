// The editor of an example: its boxes, what the studio says while somebody types, its keys, and its draft.
import { Box, KEYS } from "./box.mjs";
import { Check } from "./check.mjs";
import { keepWhileTyping } from "./draft.mjs";
import { NearDuplicates } from "./near.mjs";
import { wireLabels, wirePrograms, wireKeys } from "./sheet.mjs";

const form = document.getElementById("editor");
const check = new Check(form, document.getElementById("findings"));
const enhance = (area) => check.add(new Box(area));

form.querySelectorAll("textarea[data-box]").forEach(enhance);
document.getElementById(KEYS).hidden = false;
wirePrograms(form, enhance);
wireLabels(form);
wireKeys(form, check);
keepWhileTyping(form, document.getElementById("draft-state"));
check.start();
new NearDuplicates(form, document.getElementById("near")).start();
