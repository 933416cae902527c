// Numbers rounded as the command line rounds them: what lies exactly in the middle goes to the even
// digit.
export function decimals(value, places = 3) {
  if (value === null || !Number.isFinite(value)) return "–";
  const exact = Math.abs(value).toFixed(20), point = exact.indexOf(".");
  const isMiddle = /^50*$/.test(exact.slice(point + 1 + places));
  const isEven = Number(exact[places ? point + places : point - 1]) % 2 === 0;
  if (isMiddle && isEven) return (value < 0 ? "-" : "") + exact.slice(0, point + 1 + places);
  return value.toFixed(places);
}

// What people call an image: the name of its file, without the digest that bringing it in has added.
export function named(source) {
  const name = source.split("/").at(-1);
  return source.startsWith("s3://spotter-console/images/") ? name.replace(/-[0-9a-f]{12}(?=\.[^.]*$|$)/, "") : name;
}

// What a model says of an image, in the words of `text`: {score}, {threshold} and {confidence}.
export function judgement(text, { score, threshold, confidence }) {
  return text.replace("{score}", decimals(score, 4)).replace("{threshold}", decimals(threshold, 4)).replace("{confidence}", decimals(confidence));
}
