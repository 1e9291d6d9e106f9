// Files out of a drop, folders opened all the way down.
const entriesOf = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

async function walk(entry) {
  if (entry.isFile) return [await fileOf(entry)];
  const reader = entry.createReader();
  const files = [];
  // readEntries gives at most a hundred at a time, and nothing when it is through.
  for (let batch = await entriesOf(reader); batch.length; batch = await entriesOf(reader)) {
    for (const child of batch) files.push(...(await walk(child)));
  }
  return files;
}

export async function filesFrom(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  for (const entry of entries) files.push(...(await walk(entry)));
  return files;
}

// A folder holds more than photos: what the system leaves behind is passed over in silence.
export const worthSending = (file) => !/^(\.|thumbs\.db$|desktop\.ini$)/i.test(file.name);
