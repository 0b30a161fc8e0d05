export function chartOf({ date }) {
  return `<svg xmlns="http://www.w3.org/2000/svg"><title>${date}</title></svg>`
}
