/** Jest's ES modules: NODE_OPTIONS=--experimental-vm-modules npx jest */
export default { transform: {} }
